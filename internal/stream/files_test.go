package stream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

func anyTime(string) int64 { return 0 }

// all reads a source to its end, or until nothing comes.
func all(src Source, from map[string]Position) (texts []string, at map[string]Position, err error) {
	ctx := context.Background()
	at = map[string]Position{}
	if _, err := src.Start(ctx, from); err != nil {
		return nil, nil, err
	}
	defer src.Close()
	for {
		b, err := src.Next(ctx, time.Millisecond, anyTime)
		if _, pipe := src.(*Pipe); err == nil && b == nil && pipe {
			continue // its writer is slow
		}
		if err == io.EOF || err == nil && b == nil {
			return texts, at, nil
		}
		if err != nil {
			return texts, at, err
		}
		for _, r := range b.Records {
			text := string(r.Data)
			if r.Cut > 0 {
				text = fmt.Sprint("cut ", r.Cut)
			}
			texts = append(texts, text)
		}
		at[b.Partition] = b.Next
	}
}

// wanted are the records of a text of lines.
func wanted(text string) (out []string) {
	for _, l := range strings.Split(text, "\n") {
		switch {
		case len(l) >= MaxRecord:
			out = append(out, fmt.Sprint("cut ", len(l)))
		case strings.TrimSpace(l) != "":
			out = append(out, strings.TrimSuffix(l, "\r"))
		}
	}
	return out
}

// TestLines: lines of any length in files and pipes are records, in their order; a file that grows
// between runs is read on from the position, also within a line.
func TestLines(t *testing.T) {
	folders, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for range rapid.IntRange(0, 12).Draw(t, "lines") {
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0:
				text.WriteString(strings.Repeat("x", MaxRecord+rapid.IntRange(-2, 2).Draw(t, "around")))
			case 1:
				text.WriteString(strings.Repeat("y", rapid.IntRange(MaxRecord, 3*MaxRecord).Draw(t, "long")))
			case 2:
				text.WriteString(rapid.SampledFrom([]string{"", " ", "\r", "\xff"}).Draw(t, "odd"))
			default:
				text.WriteString(strings.Repeat("z", rapid.IntRange(1, 300_000).Draw(t, "length")))
			}
			text.WriteString(rapid.SampledFrom([]string{"\n", "\n", "\r\n"}).Draw(t, "end"))
		}
		if rapid.Bool().Draw(t, "open end") {
			text.WriteString("last")
		}
		want := wanted(text.String())
		pieces := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "pieces"), 1))
		got, _, err := all(NewPipe(&slow{text.String(), pieces}), nil)
		same(t, "pipe", got, want, err)

		n++
		dir := filepath.Join(folders, fmt.Sprint(n))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		file := filepath.Join(dir, "a.ndjson")
		cut := rapid.IntRange(0, text.Len()).Draw(t, "cut")
		if err := os.WriteFile(file, []byte(text.String()[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		first, at, err := all(NewFiles([]string{file}, true), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		rest, _, err := all(NewFiles([]string{dir}, false), at)
		same(t, "file", append(first, rest...), want, err)
	})
}

func same(t *rapid.T, what string, got, want []string, err error) {
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%s: %d records instead of %d, %v", what, len(got), len(want), err)
	}
}

// slow gives a text in pieces of any length.
type slow struct {
	rest string
	rng  *rand.Rand
}

func (s *slow) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 1+s.rng.IntN(600_000))], s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// TestFilesChange: files that shrink or change places while they are read are clear stops.
func TestFilesChange(t *testing.T) {
	line := []byte(`{"a":1}` + "\n")
	for name, change := range map[string]func(file string) error{
		"it was truncated":                 func(file string) error { return os.WriteFile(file, line[:3], 0o600) },
		"another file has taken its place": func(file string) error { return replace(file, line) },
		"no such file":                     os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "log.ndjson")
			must(t, os.WriteFile(file, bytes.Repeat(line, 3), 0o600))
			src := NewFiles([]string{file}, true)
			defer src.Close()
			ctx := context.Background()
			_, err := src.Start(ctx, nil)
			must(t, err)
			n := 0
			for i := 0; i < 200 && err == nil; i++ {
				var b *Batch
				if b, err = src.Next(ctx, time.Millisecond, anyTime); b != nil {
					n += len(b.Records)
				}
				if i == 5 {
					must(t, change(file))
				}
			}
			if n != 3 || err == nil || !strings.Contains(err.Error(), name) || fault.HintOf(err) == "" {
				t.Fatalf("%d records, %v, hint %q", n, err, fault.HintOf(err))
			}
		})
	}
}

// replace puts another file in a file's place, as rotation does.
func replace(file string, text []byte) error {
	if err := os.Rename(file, file+".1"); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// TestAlignment: of several files the one whose events are furthest behind is read first.
func TestAlignment(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"a", "b", "c"} {
		must(t, os.WriteFile(filepath.Join(dir, n+".ndjson"), []byte(n+"\n"), 0o600))
	}
	src := NewFiles([]string{dir}, false)
	defer src.Close()
	_, err := src.Start(context.Background(), nil)
	must(t, err)
	var order []string
	for {
		b, err := src.Next(context.Background(), time.Millisecond, func(p string) int64 { return -int64(filepath.Base(p)[0]) })
		if err == io.EOF {
			break
		}
		must(t, err)
		for _, r := range b.Records {
			order = append(order, string(r.Data))
		}
	}
	if fmt.Sprint(order) != "[c b a]" {
		t.Fatal(order)
	}
}

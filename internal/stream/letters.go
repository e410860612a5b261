package stream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Letter is a record that was not counted, as dead letters and late rows are kept.
type Letter struct {
	Partition string `json:"partition"`
	Position  int64  `json:"position"`
	Cause     string `json:"cause"`
	Detail    string `json:"detail,omitempty"`
	// Raw is the record; RawBase64 instead where it is not valid UTF-8. Length is the full length
	// of a record that was too long to be kept whole.
	Raw       *string `json:"raw,omitempty"`
	RawBase64 []byte  `json:"raw_base64,omitempty"`
	Length    int64   `json:"length,omitempty"`
}

// letter makes the letter of a record.
func letter(partition string, r *Record, cause, detail string) *Letter {
	l := &Letter{Partition: partition, Position: r.At, Cause: cause, Detail: detail, Length: r.Cut}
	if utf8.Valid(r.Data) {
		s := string(r.Data)
		l.Raw = &s
	} else {
		l.RawBase64 = r.Data
	}
	return l
}

// writeLetter writes a letter as a line of JSON.
func writeLetter(w io.Writer, l *Letter) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return fault.New(fault.Internal, "writing a dead letter: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// longestLetter bounds a line of a file of letters: a record in base64 and what stands around it.
const longestLetter = 2*MaxRecord + 64<<10

// Redrive reads letters and gives the records of those whose cause is among causes (all when there
// are none) to put, as they were. cut counts records that had been too long to be kept whole.
func Redrive(name string, r io.Reader, causes []string, put func(raw []byte) error) (n, skipped, cut int64, err error) {
	want := map[string]bool{}
	for _, c := range causes {
		want[c] = true
	}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), longestLetter)
	for line := int64(1); sc.Scan(); line++ {
		text := bytes.TrimSpace(sc.Bytes())
		if len(text) == 0 {
			continue
		}
		var l Letter
		if err := json.Unmarshal(text, &l); err != nil || l.Cause == "" {
			return n, skipped, cut, fault.New(fault.Input, "reading %s: line %d is no dead letter", name, line).
				WithHint("give a file that `ecomctl stream --dead-letters` or --late wrote")
		}
		switch {
		case len(want) > 0 && !want[l.Cause]:
			skipped++
			continue
		case l.Length > 0:
			cut++
			continue
		}
		raw := l.RawBase64
		if l.Raw != nil {
			raw = []byte(*l.Raw)
		}
		if err := put(raw); err != nil {
			return n, skipped, cut, err
		}
		n++
	}
	if err := sc.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return n, skipped, cut, fault.New(fault.Input, "reading %s: a line is longer than any dead letter", name)
		}
		return n, skipped, cut, fault.New(fault.Input, "reading %s: %w", name, err)
	}
	return n, skipped, cut, nil
}

// OneLine gives a record without line breaks, which within JSON are blanks.
func OneLine(raw []byte) []byte { return appendLine(nil, raw) }

package config

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// History keeps what a configuration file was: every content that a command ran with, in the
// user's own state folder, readable by nobody else.
type History struct {
	file string // the configuration file
	dir  string
}

// Version is one content that the file had.
type Version struct {
	N       int       // counted from 1; numbers are never used again
	Time    time.Time // when a command first ran with it, to the second, UTC
	Current bool      // what the file holds now
	Size    int
	Changes []string // top-level keys that differ from the version before; nil = comments only
	content []byte
}

const (
	keptVersions = 50
	maxRecorded  = 1 << 20 // bytes of a file worth keeping
)

// StateDir is the folder of the user for what programs remember, or "" when the environment does not tell.
func StateDir(env func(string) string) string {
	if dir := env("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "ecomctl")
	}
	if dir := env("LOCALAPPDATA"); dir != "" {
		return filepath.Join(dir, "ecomctl", "state")
	}
	if home := env("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "ecomctl")
	}
	return ""
}

// ProjectFile is the configuration file that Load would read over the user's own one.
func ProjectFile(o LoadOptions) string {
	switch {
	case o.Path != "":
		return o.Path
	case o.Env != nil && o.Env("ECOMCTL_CONFIG") != "":
		return o.Env("ECOMCTL_CONFIG")
	}
	return filepath.Join(o.Dir, FileName)
}

// HistoryOf returns the history of a configuration file. Without a state folder it is a usage error.
func HistoryOf(file string, env func(string) string) (*History, error) {
	state := StateDir(env)
	if state == "" {
		return nil, fault.New(fault.Usage, "the history of %s: no folder for it", file).WithHint("set HOME or XDG_STATE_HOME")
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, vfs.Classify(err, "finding "+file)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	sum := sha256.Sum256([]byte(abs))
	return &History{file: file, dir: filepath.Join(state, "config", hex.EncodeToString(sum[:8]))}, nil
}

// Record keeps the present content of the file unless it is the last one kept. A file that is not there
// is nothing to keep.
func (h *History) Record(now time.Time) error {
	content, err := h.read()
	if err != nil || content == nil {
		return err
	}
	names, err := h.names()
	if err != nil {
		return err
	}
	n := 0
	if len(names) > 0 {
		last := names[len(names)-1]
		n, _ = numberOf(last)
		if old, err := os.ReadFile(filepath.Join(h.dir, last)); err == nil && bytes.Equal(old, content) {
			return nil
		}
	}
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return vfs.Classify(err, "making "+h.dir)
	}
	if err := h.keep(fmt.Sprintf("%06d-%d.yaml", n+1, now.Unix()), content); err != nil {
		return err
	}
	for _, old := range names[:max(0, len(names)+1-keptVersions)] {
		_ = os.Remove(filepath.Join(h.dir, old)) // one too many is no harm
	}
	return nil
}

// keep writes a version under a temporary name and links it into place: of two processes with one number
// the second finds it taken, and its content is kept at its next run.
func (h *History) keep(name string, content []byte) error {
	tmp, err := os.CreateTemp(h.dir, ".new-*")
	if err != nil {
		return vfs.Classify(err, "writing to "+h.dir)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		if err = os.Link(tmp.Name(), filepath.Join(h.dir, name)); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	return vfs.Classify(err, "writing to "+h.dir)
}

// read returns the file's content; nil when there is none.
func (h *History) read() ([]byte, error) {
	f, err := os.Open(h.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, vfs.Classify(err, "opening "+h.file)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxRecorded+1))
	if err == nil && len(content) > maxRecorded {
		return nil, fault.New(fault.Input, "%s is larger than %d bytes", h.file, maxRecorded)
	}
	return content, vfs.Classify(err, "reading "+h.file)
}

// names lists the kept versions, oldest first.
func (h *History) names() ([]string, error) {
	entries, err := os.ReadDir(h.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, vfs.Classify(err, "listing "+h.dir)
	}
	var out []string
	for _, e := range entries {
		if _, at := numberOf(e.Name()); !at.IsZero() {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out, nil
}

// numberOf reads number and time from a name; the time is zero for other files.
func numberOf(name string) (n int, at time.Time) {
	head, tail, ok := strings.Cut(strings.TrimSuffix(name, ".yaml"), "-")
	n, err := strconv.Atoi(head)
	sec, errSec := strconv.ParseInt(tail, 10, 64)
	if !ok || err != nil || errSec != nil || n < 1 || !strings.HasSuffix(name, ".yaml") {
		return 0, time.Time{}
	}
	return n, time.Unix(sec, 0).UTC()
}

// Versions lists what is kept, oldest first.
func (h *History) Versions() ([]Version, error) {
	names, err := h.names()
	if err != nil {
		return nil, err
	}
	now, err := h.read()
	if err != nil {
		return nil, err
	}
	var out []Version
	var before []byte
	for _, name := range names {
		v := Version{}
		v.N, v.Time = numberOf(name)
		if v.content, err = os.ReadFile(filepath.Join(h.dir, name)); err != nil {
			return nil, vfs.Classify(err, "reading "+name)
		}
		v.Size = len(v.content)
		v.Changes = changedKeys(before, v.content)
		before = v.content
		out = append(out, v)
	}
	for i := len(out) - 1; i >= 0; i-- {
		if bytes.Equal(out[i].content, now) {
			out[i].Current = true
			break
		}
	}
	return out, nil
}

// Rollback makes the file what it was at a version, after keeping what it is; n 0 means the
// last version that differs from it. It returns that version; its Changes are what the rollback changes. A version
// that no longer passes Check is refused. With dry nothing is written.
func (h *History) Rollback(ctx context.Context, n int, now time.Time, env func(string) string, dry bool) (*Version, error) {
	if !dry {
		if err := h.Record(now); err != nil {
			return nil, err
		}
	}
	list, err := h.Versions()
	if err != nil {
		return nil, err
	}
	content, err := h.read()
	if err != nil {
		return nil, err
	}
	at := -1
	for i, v := range list {
		if n == v.N || n == 0 && !bytes.Equal(v.content, content) {
			at = i
		}
	}
	if at < 0 && n == 0 {
		return nil, fault.New(fault.NotFound, "%s: no other version is kept", h.file).WithHint("versions are kept when a command runs with the file; see `ecomctl config history`")
	}
	if at < 0 {
		return nil, fault.New(fault.NotFound, "%s: no version %d is kept", h.file, n).WithHint("see `ecomctl config history`")
	}
	v := list[at]
	v.Changes = changedKeys(content, v.content)
	if err := checkContent(v.content, filepath.Dir(h.file), env); err != nil {
		return nil, fault.New(fault.Usage, "version %d of %s has a mistake: %w", v.N, h.file, err).WithHint("choose another version, or correct the file by hand")
	}
	if dry {
		return &v, nil
	}
	return &v, vfs.WriteAtomic(ctx, h.file, func(w io.Writer) error { _, err := w.Write(v.content); return err })
}

// checkContent checks a content as a file of a folder.
func checkContent(content []byte, dir string, env func(string) string) error {
	f, err := os.CreateTemp(dir, ".ecomctl-check-*.yaml")
	if err != nil {
		return vfs.Classify(err, "writing to "+dir)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return vfs.Classify(err, "writing to "+dir)
	}
	problems, _ := Check(LoadOptions{Path: f.Name(), Env: env})
	for _, p := range problems {
		if strings.HasPrefix(p.From, f.Name()) {
			return errors.New(strings.ReplaceAll(p.Err.Error(), f.Name(), "line "))
		}
	}
	return nil
}

// changedKeys lists the top-level keys whose lines differ, comments and blank lines aside, sorted.
func changedKeys(a, b []byte) []string {
	old, new := blocks(a), blocks(b)
	var out []string
	for k, text := range new {
		if old[k] != text {
			out = append(out, k)
		}
	}
	for k := range old {
		if _, ok := new[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// blocks cuts YAML into the lines of each top-level key.
func blocks(content []byte) map[string]string {
	out, key := map[string]string{}, ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if c := line[0]; c != ' ' && c != '-' && c != '\t' {
			if name, _, ok := strings.Cut(line, ":"); ok {
				key = name
			}
		}
		if key != "" {
			out[key] += line + "\n"
		}
	}
	return out
}

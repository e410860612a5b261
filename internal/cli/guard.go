package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// guard refuses outputs that are an input, or each other, however their paths are
// written: a command never replaces what it reads.
func (s *opened) guard(outputs ...string) error {
	if err := apart(outputs); err != nil {
		return err
	}
	inputs := []source.Dataset{s.Data}
	for _, d := range s.Tables {
		inputs = append(inputs, d)
	}
	for _, out := range outputs {
		if out == "" || out == "-" {
			continue
		}
		for _, d := range inputs {
			for _, in := range d.Inputs() {
				if sameFile(out, in.URI) {
					return replaces(out, in.URI)
				}
				if lockedByReader(out, in.URI) {
					return fault.New(fault.Usage, "the output %s is in the database that is read, %s, which takes no commits meanwhile", out, in.URI).
						WithHint("write to another file, or let the database take both: sqlite3 FILE 'PRAGMA journal_mode=WAL'")
				}
			}
		}
	}
	return nil
}

// apart refuses outputs that are each other; "" is none.
func apart(outputs []string) error {
	for i, out := range outputs {
		for _, other := range outputs[:i] {
			if out != "" && out != "-" && other != "" && sameFile(out, other) {
				return fault.New(fault.Usage, "%s and %s are the same file", sqldb.Redact(other), sqldb.Redact(out)).WithHint("name two outputs")
			}
		}
	}
	return nil
}

func replaces(out, in string) error {
	return fault.New(fault.Usage, "the output %s is the input %s", sqldb.Redact(out), in).WithHint("write another file; the input stays as it is")
}

// growing refuses outputs that are each other, an input, or would be read as one: inputs are files, patterns, and folders
// of which the files are read that reads tells. Neither needs to be there yet.
func growing(outputs, inputs []string, reads func(name string) bool) error {
	if err := apart(outputs); err != nil {
		return err
	}
	for _, out := range outputs {
		for _, in := range inputs {
			if out == "" {
				continue
			}
			at := place(out)
			if sameFile(out, in) {
				return replaces(out, in)
			}
			match, err := filepath.Match(place(in), at)
			matches := vfs.HasGlob(in) && err == nil && match
			if within := filepath.Dir(at) == place(in+"/."); matches || within && reads(filepath.Base(at)) {
				return fault.New(fault.Usage, "the output %s would be read as one of the input %s", sqldb.Redact(out), in).WithHint("write into another folder")
			}
		}
	}
	return nil
}

// sameFile reports whether two paths lead to one file, existing or yet to be written.
func sameFile(a, b string) bool {
	if sqldb.Is(a) || sqldb.Is(b) {
		return sameTable(a, b)
	}
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(ia, ib)
	}
	if (errA == nil) != (errB == nil) {
		return false
	}
	return place(a) == place(b)
}

// sameTable reports whether two URLs name one table of one database, or one is the file of the other.
func sameTable(a, b string) bool {
	ua, errA := sqldb.Parse(a)
	ub, errB := sqldb.Parse(b)
	switch {
	case errA == nil && errB == nil:
		return ua.Same(ub) && strings.EqualFold(ua.Table, ub.Table)
	case errA == nil && ua.Dialect == sqldb.SQLite && !sqldb.Is(b):
		return sameFile(ua.File, b)
	case errB == nil && ub.Dialect == sqldb.SQLite && !sqldb.Is(a):
		return sameFile(a, ub.File)
	}
	return false
}

// lockedByReader reports whether two URLs name one SQLite database in which readers keep writers out: its
// header says whether it has a write-ahead log (byte 18 is 2 then; SQLite's file format, 1.3).
func lockedByReader(out, in string) bool {
	uo, errO := sqldb.Parse(out)
	ui, errI := sqldb.Parse(in)
	if errO != nil || errI != nil || uo.Dialect != sqldb.SQLite || !uo.Same(ui) {
		return false
	}
	f, err := os.Open(uo.File)
	if err != nil {
		return false
	}
	defer f.Close()
	var version [1]byte
	_, err = f.ReadAt(version[:], 18)
	return err == nil && version[0] != 2
}

// place is the absolute path of a file that need not exist, with its folder's links resolved.
func place(path string) string {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return filepath.Clean(path)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return filepath.Join(dir, filepath.Base(path))
}

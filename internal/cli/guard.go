package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// guard refuses outputs that are an input, or each other, however their paths are
// written: a command never replaces what it reads.
func (s *opened) guard(outputs ...string) error {
	inputs := []source.Dataset{s.Data}
	for _, d := range s.Tables {
		inputs = append(inputs, d)
	}
	for i, out := range outputs {
		if out == "" || out == "-" {
			continue
		}
		for _, other := range outputs[:i] {
			if other != "" && sameFile(out, other) {
				return fault.New(fault.Usage, "%s and %s are the same file", other, out).WithHint("name two outputs")
			}
		}
		for _, d := range inputs {
			for _, in := range d.Inputs() {
				if sameFile(out, in.URI) {
					return fault.New(fault.Usage, "the output %s is the input %s", out, in.URI).WithHint("write another file; the input stays as it is")
				}
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

package vfs

import (
	"context"
	"path/filepath"
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// maxDepth bounds how deep folders are followed: a loop of links ends here.
const maxDepth = 32

// Glob returns the paths that match a shell pattern (*, ?, [a-z], and ** for any
// number of folders), sorted. Hidden names match only a pattern part that
// begins with a dot.
func Glob(ctx context.Context, fsys FS, pattern string) ([]string, error) {
	if _, err := filepath.Match(strings.ReplaceAll(pattern, "**", "*"), "x"); err != nil {
		return nil, fault.New(fault.Usage, "reading the pattern %s: %w", pattern, err).WithHint("quote [ as \\[")
	}
	clean := filepath.ToSlash(pattern)
	parts := strings.Split(clean, "/")
	base := ""
	if strings.HasPrefix(clean, "/") {
		base, parts = "/", parts[1:]
	}
	var out []string
	if err := globParts(ctx, fsys, base, parts, 0, &out); err != nil {
		return nil, err
	}
	sort.Strings(out)
	dedup := out[:0]
	for i, p := range out {
		if i == 0 || p != out[i-1] {
			dedup = append(dedup, p)
		}
	}
	return dedup, nil
}

func globParts(ctx context.Context, fsys FS, base string, parts []string, depth int, out *[]string) error {
	if depth > maxDepth {
		return nil
	}
	for len(parts) > 1 && !HasGlob(parts[0]) {
		base, parts = join(base, parts[0]), parts[1:]
	}
	if len(parts) == 1 && !HasGlob(parts[0]) {
		p := join(base, parts[0])
		if _, err := fsys.Stat(ctx, p); err == nil {
			*out = append(*out, p)
		}
		return nil
	}
	dir := base
	if dir == "" {
		dir = "."
	}
	entries, err := readDir(ctx, fsys, dir)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	}
	anyDepth := parts[0] == "**"
	if anyDepth && len(parts) > 1 {
		if err := globParts(ctx, fsys, base, parts[1:], depth+1, out); err != nil {
			return err
		}
	}
	for _, e := range entries {
		name := filepath.Base(e.Path)
		if strings.HasPrefix(name, ".") && !strings.HasPrefix(parts[0], ".") {
			continue
		}
		p := join(base, name)
		if filepath.Base(filepath.Dir(e.Path)) == SwapDir {
			p = e.Path // it waits there
		}
		if anyDepth {
			if e.Dir {
				err = globParts(ctx, fsys, p, parts, depth+1, out)
			} else if len(parts) == 1 {
				*out = append(*out, p)
			}
		} else if ok, _ := filepath.Match(parts[0], name); ok {
			if len(parts) == 1 {
				*out = append(*out, p)
			} else if e.Dir {
				err = globParts(ctx, fsys, p, parts[1:], depth+1, out)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sortByName orders entries by their names, in whatever folder they wait.
func sortByName(entries []Info) {
	sort.Slice(entries, func(i, j int) bool { return filepath.Base(entries[i].Path) < filepath.Base(entries[j].Path) })
}

func join(base, name string) string {
	if base == "" || base == "/" {
		return base + name
	}
	return base + "/" + name
}

// Walk lists the data files below a folder, sorted by path. Names that begin
// with "." or "_" (markers, checksums, unfinished outputs) are left out.
func Walk(ctx context.Context, fsys FS, dir string) ([]Info, error) {
	var out []Info
	err := walk(ctx, fsys, dir, 0, &out)
	return out, err
}

func walk(ctx context.Context, fsys FS, dir string, depth int, out *[]Info) error {
	if depth > maxDepth {
		return fault.New(fault.Input, "listing %s: more than %d folders deep", dir, maxDepth).WithHint("a link may point to one of its own parents")
	}
	entries, err := readDir(ctx, fsys, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Base(e.Path)
		switch {
		case strings.HasPrefix(name, "."), strings.HasPrefix(name, "_"):
		case e.Dir:
			if err := walk(ctx, fsys, e.Path, depth+1, out); err != nil {
				return err
			}
		default:
			*out = append(*out, e)
		}
	}
	return nil
}

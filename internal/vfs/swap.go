package vfs

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// A Swap replaces some files of a folder by others at one moment. The new files wait, whole, in
// the hidden folder SwapDir. Renaming the list of both to its name in there is that moment: from
// then on Walk and Glob see the new files and not the old ones, whether or not the files have
// been moved and removed yet. Settle does that, now or, after a crash, later.
type Swap struct {
	Old []string `json:"old"` // names in the folder
	New []string `json:"new"` // names in SwapDir and then in the folder
}

// SwapDir is the hidden folder, and swapName the list in it.
const (
	SwapDir  = ".ecomctl-optimize"
	swapName = "swap.json"
	maxSwap  = 64 << 20 // bytes of a list
)

// Begin makes the swap happen; what waits in SwapDir must be complete.
func (s Swap) Begin(ctx context.Context, fsys FS, dir string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fault.New(fault.Internal, "swapping files of %s: %w", dir, err)
	}
	return WriteAtomicFS(ctx, fsys, join(join(dir, SwapDir), swapName), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// readSwap reads the list of a folder; ok is false when there is none.
func readSwap(ctx context.Context, fsys FS, dir string) (s Swap, ok bool, err error) {
	p := join(join(dir, SwapDir), swapName)
	b, err := ReadFile(ctx, fsys, p, maxSwap)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return s, false, nil
		}
		return s, false, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, false, fault.New(fault.Input, "reading %s: %w", p, err).WithHint("it was written by optimize; restore it, or look which files are right and remove it")
	}
	for _, name := range append(append([]string{}, s.Old...), s.New...) {
		if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, `/\`) {
			return s, false, fault.New(fault.Input, "reading %s: %q is no name of a file", p, name)
		}
	}
	return s, true, nil
}

// Settle finishes a swap that has happened: the new files get their names, the old ones go, and
// the hidden folder with them. done is false when there was none.
func Settle(ctx context.Context, fsys FS, dir string) (done bool, err error) {
	s, ok, err := readSwap(ctx, fsys, dir)
	if err != nil || !ok {
		return false, err
	}
	hidden := join(dir, SwapDir)
	for _, name := range s.New {
		err := fsys.Rename(ctx, join(hidden, name), join(dir, name))
		if err != nil && fault.KindOf(err) == fault.NotFound {
			_, err = fsys.Stat(ctx, join(dir, name)) // moved before
		}
		if err != nil {
			return true, err
		}
	}
	for _, name := range s.Old {
		if err := gone(fsys.Remove(ctx, join(dir, name))); err != nil {
			return true, err
		}
	}
	return true, Unswap(ctx, fsys, dir)
}

// Unswap removes what waits in SwapDir, and the folder. The list goes first: without it the old
// files are the folder's.
func Unswap(ctx context.Context, fsys FS, dir string) error {
	hidden := join(dir, SwapDir)
	if err := gone(fsys.Remove(ctx, join(hidden, swapName))); err != nil {
		return err
	}
	entries, err := fsys.ReadDir(ctx, hidden)
	if err != nil {
		return gone(err)
	}
	for _, e := range entries {
		if err := gone(fsys.Remove(ctx, e.Path)); err != nil {
			return err
		}
	}
	return gone(fsys.Remove(ctx, hidden))
}

// gone drops the error of removing what is not there.
func gone(err error) error {
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil
	}
	return err
}

// readDir lists a folder as it is after a swap that has happened but has not been settled.
func readDir(ctx context.Context, fsys FS, dir string) ([]Info, error) {
	entries, err := fsys.ReadDir(ctx, dir)
	if err != nil {
		return nil, err
	}
	begun := false
	for _, e := range entries {
		begun = begun || e.Dir && filepath.Base(e.Path) == SwapDir
	}
	if !begun {
		return entries, nil
	}
	s, ok, err := readSwap(ctx, fsys, dir)
	if err != nil || !ok {
		return entries, err
	}
	return s.apply(ctx, fsys, dir, entries)
}

// apply leaves the old files out and puts the new ones in, wherever they are.
func (s Swap) apply(ctx context.Context, fsys FS, dir string, entries []Info) ([]Info, error) {
	drop := map[string]bool{}
	for _, name := range s.Old {
		drop[name] = true
	}
	for _, name := range s.New {
		drop[name] = true
	}
	out := make([]Info, 0, len(entries))
	for _, e := range entries {
		if !drop[filepath.Base(e.Path)] {
			out = append(out, e)
		}
	}
	for _, name := range s.New {
		info, err := fsys.Stat(ctx, join(dir, name))
		if err != nil && fault.KindOf(err) == fault.NotFound {
			info, err = fsys.Stat(ctx, join(join(dir, SwapDir), name))
		}
		if err != nil && fault.KindOf(err) == fault.NotFound {
			info, err = fsys.Stat(ctx, join(dir, name)) // it was moved between the two looks
		}
		if err != nil {
			return nil, err
		}
		out = append(out, info)
	}
	sortByName(out)
	return out, nil
}

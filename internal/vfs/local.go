package vfs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
)

// Local is the disk of this machine.
type Local struct{}

type localFile struct {
	*os.File
	info Info
}

// Info implements File.
func (f *localFile) Info() Info { return f.info }

// Stat implements File.
func (f *localFile) Stat(context.Context) (Info, error) {
	st, err := f.File.Stat()
	if err != nil {
		return Info{}, Classify(err, "reading the state of "+f.info.Path)
	}
	return infoOf(f.info.Path, st), nil
}

func infoOf(path string, st fs.FileInfo) Info {
	return Info{Path: path, Size: st.Size(), ModTime: st.ModTime(), Dir: st.IsDir(), Regular: st.Mode().IsRegular()}
}

// Open implements FS. Folders are refused. A named pipe is waited for until somebody
// writes to it or ctx ends.
func (Local) Open(ctx context.Context, path string) (File, error) {
	f, err := openLocal(ctx, path)
	if err != nil {
		return nil, Classify(err, "opening "+path)
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, Classify(err, "opening "+path)
	}
	return &localFile{File: f, info: infoOf(path, st)}, nil
}

// openLocal opens a file. The system's call for a pipe (or a device, such as a modem)
// may never return, so it is left behind when ctx ends; what it opens after that is closed.
func openLocal(ctx context.Context, path string) (*os.File, error) {
	if st, err := os.Stat(path); err != nil || st.Mode().IsRegular() || st.IsDir() {
		return os.Open(path)
	}
	type result struct {
		f   *os.File
		err error
	}
	opened := make(chan result, 1)
	go func() {
		f, err := os.Open(path)
		opened <- result{f, err}
	}()
	select {
	case r := <-opened:
		return r.f, r.err
	case <-ctx.Done():
		go func() {
			if r := <-opened; r.err == nil {
				_ = r.f.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// Stat implements FS.
func (Local) Stat(_ context.Context, path string) (Info, error) {
	st, err := os.Stat(path)
	if err != nil {
		return Info{}, Classify(err, "opening "+path)
	}
	return infoOf(path, st), nil
}

// ReadDir implements FS. Entries that vanish while being listed are left out.
func (Local) ReadDir(ctx context.Context, path string) ([]Info, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, Classify(err, "listing "+path)
	}
	out := make([]Info, 0, len(entries))
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, Classify(err, "listing "+path)
		}
		full := filepath.Join(path, e.Name())
		st, err := os.Stat(full) // follows links
		if err != nil {
			if os.IsNotExist(err) {
				continue
			}
			return nil, Classify(err, "listing "+full)
		}
		out = append(out, infoOf(full, st))
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
}

// Create implements FS.
func (Local) Create(_ context.Context, path string, perm fs.FileMode) (Writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, Classify(err, "creating "+path)
	}
	return f, nil
}

// Rename implements FS.
func (Local) Rename(_ context.Context, from, to string) error {
	if err := os.Rename(from, to); err != nil {
		if le := (*os.LinkError)(nil); errors.As(err, &le) {
			err = le.Err
		}
		return Classify(err, "writing "+to)
	}
	_ = SyncDir(filepath.Dir(to)) // not every system can; the rename is then as durable as it gets
	return nil
}

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return Classify(err, "opening "+dir)
	}
	defer d.Close()
	return Classify(d.Sync(), "syncing "+dir)
}

// Remove implements FS.
func (Local) Remove(_ context.Context, path string) error {
	return Classify(os.Remove(path), "removing "+path)
}

// RemoveAll implements FS.
func (Local) RemoveAll(_ context.Context, path string) error {
	return Classify(os.RemoveAll(path), "removing "+path)
}

// MkdirAll implements FS.
func (Local) MkdirAll(_ context.Context, path string) error {
	return Classify(os.MkdirAll(path, 0o777), "making the folder "+path)
}

package stream

import (
	"bufio"
	"context"
	"crypto/rand"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Output takes the rows of windows.
type Output interface {
	// Put takes the rows of a window, all of one revision.
	Put(ctx context.Context, t *result.Table) error
	// Sync makes what was put durable and returns how long the output is.
	Sync(ctx context.Context) (int64, error)
	// Restore cuts the output back to a length that Sync returned. Outputs that overwrite by
	// key have nothing to cut.
	Restore(at int64) error
	// Close ends the output; done says that the run came to its end.
	Close(done bool) error
}

// Committer is an Output that stores rows and the id of a checkpoint in one transaction, so that they are there
// together or not at all.
type Committer interface {
	Output
	// Begin takes the output over for a job, before anything is put. With fresh the first commit
	// replaces what earlier jobs left; else last is the id that the job committed last, "" when
	// the output does not know the job.
	Begin(ctx context.Context, job string, fresh bool) (last string, err error)
	// Commit stores what was put since the last commit.
	Commit(ctx context.Context, id string) error
	// Full asks for a checkpoint soon, for much waits to be stored.
	Full() bool
}

// File is an output file, or a log of records, that is appended to.
type File struct {
	path string
	f    *os.File
	w    *bufio.Writer
	n    int64  // length, what is buffered included
	temp string // the file is written under this name and renamed at the end
	onto string // … onto this one: path, with links followed
}

// OpenFile opens a file to append to. whole makes it appear at the end, or not at all; else
// it grows as windows close, and a checkpoint says how much of it counts.
func OpenFile(path string, whole bool) (*File, error) {
	o := &File{path: path}
	name, flags := path, os.O_CREATE|os.O_RDWR
	mode := fs.FileMode(0o666)
	if whole {
		var err error
		if o.onto, mode, err = vfs.CheckTarget(context.Background(), vfs.Local{}, path); err != nil {
			return nil, err
		}
		// another run that writes the same file has a name of its own
		o.temp = filepath.Join(filepath.Dir(o.onto), "."+filepath.Base(o.onto)+".ecomctl-"+rand.Text()+".tmp")
		name, flags = o.temp, flags|os.O_EXCL
	}
	f, err := os.OpenFile(name, flags, mode)
	if err != nil {
		return nil, vfs.Classify(err, "opening "+path)
	}
	o.f, o.w = f, bufio.NewWriterSize(f, 64<<10)
	return o, nil
}

// Write implements io.Writer.
func (o *File) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	o.n += int64(n)
	if err != nil {
		return n, vfs.Classify(err, "writing "+o.path)
	}
	return n, nil
}

// Sync makes the file durable and returns its length.
func (o *File) Sync(context.Context) (int64, error) {
	if err := o.w.Flush(); err != nil {
		return 0, vfs.Classify(err, "writing "+o.path)
	}
	if err := o.f.Sync(); err != nil && o.temp == "" {
		if st, serr := o.f.Stat(); serr != nil || st.Mode().IsRegular() {
			return 0, vfs.Classify(err, "writing "+o.path)
		}
	}
	return o.n, nil
}

// Restore cuts the file back to a length.
func (o *File) Restore(at int64) error {
	st, err := o.f.Stat()
	if err != nil {
		return vfs.Classify(err, "opening "+o.path)
	}
	if st.Size() < at {
		return fault.New(fault.Input, "resuming %s: it holds %d bytes, but the checkpoint wrote %d", o.path, st.Size(), at).
			WithHint("the file was changed or replaced; put it back, or start anew with another --checkpoint and another -o")
	}
	if st.Mode().IsRegular() {
		if err := o.f.Truncate(at); err != nil {
			return vfs.Classify(err, "writing "+o.path)
		}
	}
	if _, err := o.f.Seek(at, io.SeekStart); err != nil && st.Mode().IsRegular() {
		return vfs.Classify(err, "writing "+o.path)
	}
	o.w.Reset(o.f)
	o.n = at
	return nil
}

// Close ends the file.
func (o *File) Close(done bool) error {
	_, err := o.Sync(context.Background())
	if cerr := o.f.Close(); err == nil && cerr != nil {
		err = vfs.Classify(cerr, "writing "+o.path)
	}
	if o.temp == "" {
		return err
	}
	if err != nil || !done {
		_ = os.Remove(o.temp)
		return err
	}
	return vfs.Classify(os.Rename(o.temp, o.onto), "writing "+o.path)
}

// Rows writes tables to a file or a stream.
type Rows struct {
	to     io.Writer
	file   *File // nil for standard output
	format string
	opts   render.Options
	begun  bool
}

// Formats that windows can be appended in.
var formats = map[string]bool{"csv": true, "tsv": true, "ndjson": true, "table": true}

// NewRows returns an output of rows in a format: to a file, or without one to w.
func NewRows(w io.Writer, file *File, format string, zone *time.Location, opts render.Options) (*Rows, error) {
	if !formats[format] {
		return nil, fault.New(fault.Usage, "--format %s: windows are written one after the other", format).WithHint("csv, tsv, ndjson or table")
	}
	opts.Zone, opts.Header = zone, true
	r := &Rows{to: w, file: file, format: format, opts: opts}
	if file != nil {
		r.to = file
	}
	return r, nil
}

// Put implements Output.
func (r *Rows) Put(_ context.Context, t *result.Table) error {
	o := r.opts
	if r.format != "table" {
		begun := r.begun
		if r.file != nil {
			begun = r.file.n > 0
		}
		o.Header = !begun
	}
	r.begun = true
	return render.Write(r.to, r.format, t, o)
}

// Sync implements Output.
func (r *Rows) Sync(ctx context.Context) (int64, error) {
	if r.file != nil {
		return r.file.Sync(ctx)
	}
	return 0, nil
}

// Restore implements Output.
func (r *Rows) Restore(at int64) error {
	if r.file != nil {
		return r.file.Restore(at)
	}
	return nil
}

// Close implements Output.
func (r *Rows) Close(done bool) error {
	if r.file != nil {
		return r.file.Close(done)
	}
	return nil
}

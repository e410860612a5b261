package vfs

import (
	"context"
	"os"
)

// Temp is a temporary file. Where the system allows it the file has no name
// any more while it is open, so that nothing is left even after a crash or a
// kill; elsewhere Close removes it.
type Temp struct {
	f    *os.File
	name string // "" once unlinked
	dir  string
}

// NewTemp makes a temporary file in dir ("" is the system's place).
func NewTemp(dir string) (*Temp, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	f, err := os.CreateTemp(dir, ".ecomctl-*.tmp")
	if err != nil {
		return nil, Classify(err, "making a temporary file in "+dir)
	}
	t := &Temp{f: f, name: f.Name(), dir: dir}
	if os.Remove(t.name) == nil {
		t.name = ""
	}
	return t, nil
}

// Write implements io.Writer.
func (t *Temp) Write(p []byte) (int, error) {
	n, err := t.f.Write(p)
	return n, Classify(err, "writing a temporary file in "+t.dir)
}

// WriteAt implements io.WriterAt.
func (t *Temp) WriteAt(p []byte, off int64) (int, error) {
	n, err := t.f.WriteAt(p, off)
	return n, Classify(err, "writing a temporary file in "+t.dir)
}

// ReadAt implements io.ReaderAt.
func (t *Temp) ReadAt(p []byte, off int64) (int, error) { return t.f.ReadAt(p, off) }

// Read implements io.Reader.
func (t *Temp) Read(p []byte) (int, error) { return t.f.Read(p) }

// Seek implements io.Seeker.
func (t *Temp) Seek(off int64, whence int) (int64, error) { return t.f.Seek(off, whence) }

// Size returns the present length.
func (t *Temp) Size() (int64, error) {
	st, err := t.f.Stat()
	if err != nil {
		return 0, Classify(err, "reading a temporary file")
	}
	return st.Size(), nil
}

// Info implements File.
func (t *Temp) Info() Info {
	size, _ := t.Size()
	return Info{Path: "temporary file", Size: size, Regular: true}
}

// Stat implements File.
func (t *Temp) Stat(context.Context) (Info, error) { return t.Info(), nil }

// Close closes and removes the file.
func (t *Temp) Close() error {
	err := t.f.Close()
	if t.name != "" {
		_ = os.Remove(t.name)
		t.name = ""
	}
	return err
}

package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Folder writes Parquet files into a folder: lines are kept in memory until there are enough of them, or
// it is time; then they become a file, which appears whole.
//
// A file is delivered once, whatever is killed: it is written under a hidden name and made
// durable; the state that says how far files were read names it too; then it gets its name. A run that finds
// in its state a file that is still hidden gives it its name, and what the state does not name is removed.
type Folder struct {
	dir   string
	max   int64 // bytes of lines in a file
	state *FolderState
	types map[string]string // kinds that the user states
	now   func() time.Time

	text    []byte
	lines   []lineRef
	refused []Refusal
	columns []Column
	parser  *parser
}

// FolderState is the folder's part of a state.
type FolderState struct {
	ID      string `json:"id,omitempty"` // of the state, in the names of its files
	Next    int64  `json:"next,omitempty"`
	Pending string `json:"pending,omitempty"` // a file that is written and may be hidden yet
}

// lineRef is where a line stands in the text of the lines.
type lineRef struct {
	file     string
	at       int64
	from, to int
}

// OpenFolder opens a folder for a state. max is the size of the lines of a file, types states kinds of
// columns by their names.
func OpenFolder(ctx context.Context, dir string, state *FolderState, max int64, types map[string]string, now func() time.Time) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, vfs.Classify(err, "making "+dir)
	}
	d := &Folder{dir: dir, max: max, state: state, types: types, now: now}
	if state.ID == "" {
		state.ID = fmt.Sprintf("%08x", uint32(now().UnixNano())) //nolint:gosec // a name
	}
	if err := d.Committed(ctx); err != nil {
		return nil, err
	}
	stale, err := filepath.Glob(filepath.Join(dir, ".collected-"+state.ID+"-*"+hiddenSuffix))
	if err != nil {
		return nil, fault.New(fault.Input, "opening %s: %w", dir, err)
	}
	for _, f := range stale {
		_ = os.Remove(f)
	}
	return d, d.load(ctx)
}

const (
	hiddenSuffix = ".ecomctl-collect.tmp"
	columnsFile  = "_collect.json"
)

// load reads which columns the files of the folder have.
func (d *Folder) load(ctx context.Context) error {
	path := filepath.Join(d.dir, columnsFile)
	raw, err := vfs.ReadFile(ctx, vfs.Local{}, path, 1<<20)
	if fault.KindOf(err) == fault.NotFound {
		entries, rerr := os.ReadDir(d.dir)
		if rerr != nil {
			return vfs.Classify(rerr, "reading "+d.dir)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".parquet") {
				return fault.New(fault.Usage, "-o %s: it holds files that collect did not write (%s)", d.dir, e.Name()).WithHint("give a folder of its own; a union of both is read by naming both")
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &d.columns); err != nil || len(d.columns) == 0 {
		return fault.New(fault.Input, "opening %s: it does not list columns: %v", path, err).WithHint("put it back, or give a new folder")
	}
	for name, kind := range d.types {
		for _, c := range d.columns {
			if c.Name == name && c.Type != kind {
				return fault.New(fault.Usage, "--type %s=%s: the files in %s have it as %s", name, kind, d.dir, c.Type).WithHint("leave it out, or give a new folder")
			}
		}
	}
	d.parser, err = newParser(ctx, d.columns)
	return fault.Wrap(err, "opening %s", path)
}

// Put implements Sink.
func (d *Folder) Put(_ context.Context, lines []Line) error {
	for _, l := range lines {
		from := len(d.text)
		d.text = append(append(d.text, l.Data...), '\n')
		d.lines = append(d.lines, lineRef{l.File, l.At, from, from + len(l.Data)})
	}
	return nil
}

// Full implements Sink.
func (d *Folder) Full() bool { return int64(len(d.text)) >= d.max }

// line gives a kept line.
func (d *Folder) line(i int) []byte { return d.text[d.lines[i].from:d.lines[i].to] }

// Flush implements Sink: the lines become a file that is hidden yet.
func (d *Folder) Flush(ctx context.Context) error {
	if err := d.Committed(ctx); err != nil {
		return err
	}
	if len(d.lines) == 0 {
		return nil
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	name := fmt.Sprintf("collected-%s-%06d-%s.parquet", d.state.ID, d.state.Next, d.now().UTC().Format("20060102T150405Z"))
	rows, refused, err := d.write(ctx, d.hidden(name))
	if err != nil {
		_ = os.Remove(d.hidden(name))
		return err
	}
	d.refused = append(d.refused, refused...)
	d.text, d.lines = d.text[:0], d.lines[:0]
	if cap(d.text) > int(2*d.max) {
		d.text = nil
	}
	if rows > 0 {
		d.state.Pending = name
		d.state.Next++
	} else {
		_ = os.Remove(d.hidden(name))
	}
	return nil
}

// hidden is what a file is called until the state names it.
func (d *Folder) hidden(name string) string { return filepath.Join(d.dir, "."+name+hiddenSuffix) }

// settle decides on columns by the first lines.
func (d *Folder) settle(ctx context.Context) error {
	if d.parser != nil {
		return nil
	}
	columns, err := inferColumns(ctx, d.text, d.types)
	if err != nil {
		return err
	}
	p, err := newParser(ctx, columns)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(columns, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, "writing columns: %w", err)
	}
	err = vfs.WriteAtomic(ctx, filepath.Join(d.dir, columnsFile), func(w io.Writer) error {
		_, err := w.Write(append(raw, '\n'))
		return err
	})
	if err != nil {
		return err
	}
	d.columns, d.parser = columns, p
	return nil
}

// write writes the lines to a file. Most files are written in one go; only when a value does not fit its
// column, or a member has no column, the lines are looked at one by one.
func (d *Folder) write(ctx context.Context, path string) (rows int64, refused []Refusal, err error) {
	rows, ok, err := d.parser.writeFile(ctx, path, d.text)
	if err != nil || ok {
		return rows, nil, err
	}
	var text bytes.Buffer
	for i, l := range d.lines {
		fixed, why, err := d.parser.fix(ctx, d.line(i))
		if err != nil {
			return 0, nil, err
		}
		if why != "" {
			r := Refusal{Line{File: l.file}, "unfit", why}
			r.At, r.Data = l.at, bytes.Clone(d.line(i))
			refused = append(refused, r)
			continue
		}
		text.Write(fixed)
		text.WriteByte('\n')
	}
	if text.Len() == 0 {
		return 0, refused, nil
	}
	rows, ok, err = d.parser.writeFile(ctx, path, text.Bytes())
	if err == nil && !ok {
		err = fault.New(fault.Internal, "writing %s: lines that fit one by one do not fit together", path)
	}
	return rows, refused, err
}

// Refused implements Sink.
func (d *Folder) Refused() []Refusal {
	r := d.refused
	d.refused = nil
	return r
}

// Committed implements Sink: the file that the state names gets its name.
func (d *Folder) Committed(context.Context) error {
	name := d.state.Pending
	if name == "" {
		return nil
	}
	final := filepath.Join(d.dir, name)
	err := os.Rename(d.hidden(name), final)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // it was given its name before, by a run that was killed then
	}
	if err != nil {
		return vfs.Classify(err, "writing "+final)
	}
	if f, err := os.Open(d.dir); err == nil { // the name is as durable as the system makes it
		_ = f.Sync()
		f.Close()
	}
	d.state.Pending = ""
	return nil
}

// Repeated implements Sink: nothing is.
func (d *Folder) Repeated() int64 { return 0 }

// Close implements Sink.
func (d *Folder) Close() error { return nil }

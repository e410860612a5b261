package optimize

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/process"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/parquet"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// maxDepth bounds how deep folders are followed.
const maxDepth = 32

// folder is one folder's Parquet files.
type folder struct {
	dir    string
	files  []vfs.Info // when planned, by name
	now    []vfs.Info // files that hold the rows by now
	schema *arrow.Schema
	first  string // the file that schema is of
	codec  string
	sort   []int // columns of schema
	why    string
	staged bool // something waits in vfs.SwapDir

	bytes, rows, groups int64
}

func (f *folder) state() State {
	return State{Files: int64(len(f.now)), Bytes: f.bytes, Rows: f.rows, Groups: f.groups}
}

// plan finds the folders with Parquet files and finishes what earlier runs left undone.
func (r *run) plan(ctx context.Context, dir string, depth int) error {
	if depth > maxDepth {
		return fault.New(fault.Input, "listing %s: more than %d folders deep", dir, maxDepth).WithHint("a link may point to one of its own parents")
	}
	entries, err := r.fs.ReadDir(ctx, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Dir && filepath.Base(e.Path) == vfs.SwapDir {
			if err := r.recover(ctx, dir); err != nil {
				return err
			}
			if entries, err = r.fs.ReadDir(ctx, dir); err != nil {
				return err
			}
			break
		}
	}
	f := &folder{dir: strings.TrimRight(dir, "/")}
	for _, e := range entries {
		name := filepath.Base(e.Path)
		switch {
		case strings.HasPrefix(name, "."), strings.HasPrefix(name, "_"):
		case e.Dir:
			if err := r.plan(ctx, e.Path, depth+1); err != nil {
				return err
			}
		case e.Regular:
			if err := r.look(ctx, f, e); err != nil {
				return err
			}
		}
	}
	if len(f.files) > 0 {
		f.now = f.files
		r.folders = append(r.folders, f)
		r.report.Folders++
		r.report.Before.add(f.state())
	}
	return nil
}

// lockPrefix begins the name of the file that says whose work waits in vfs.SwapDir.
const lockPrefix = "lock-"

// recover finishes a swap that has happened, and removes unfinished work of a process that is gone.
func (r *run) recover(ctx context.Context, dir string) error {
	done, err := vfs.Settle(ctx, r.fs, dir)
	if err != nil {
		return err
	}
	if done {
		r.opt.Say("%s: an interrupted run was completed", dir)
		return nil
	}
	hidden := dir + "/" + vfs.SwapDir
	entries, err := r.fs.ReadDir(ctx, hidden)
	if err != nil {
		return err
	}
	for _, e := range entries {
		owner, ok := strings.CutPrefix(filepath.Base(e.Path), lockPrefix)
		if !ok || owner == r.opt.Owner {
			continue
		}
		if ended, known := process.Ended(owner); !ended || !known {
			return fault.New(fault.Locked, "optimizing %s: another run (%s) works there since %s", dir, owner, e.ModTime.UTC().Format("2006-01-02 15:04 UTC")).
				WithHint("wait for it; if it runs no more, remove %s", hidden)
		}
	}
	return vfs.Unswap(ctx, r.fs, dir)
}

// look adds a file to its folder if it is Parquet.
func (r *run) look(ctx context.Context, f *folder, info vfs.Info) error {
	if ok, err := r.isParquet(ctx, info); err != nil || !ok {
		return err
	}
	ds, err := r.open(ctx, info)
	if err != nil {
		return err
	}
	defer ds.Close()
	if notes := ds.Notices(); len(notes) > 0 {
		return fault.New(fault.Input, "optimizing %s: not every column can be carried over: %s", f.dir, strings.Join(notes, "; ")).WithHint("nested columns are not rewritten; optimize the other folders one by one")
	}
	if f.schema == nil {
		f.schema, f.first = ds.Schema(), info.Path
	} else if err := same(f.schema, ds.Schema()); err != nil {
		return fault.New(fault.Input, "optimizing %s: %s and %s differ: %w", f.dir, f.first, info.Path, err).WithHint("only files of one schema become one; move the others elsewhere, or convert them first")
	}
	l, _ := parquet.LayoutOf(ds)
	if f.codec == "" {
		f.codec = codecFor(l.Codec)
	}
	f.files = append(f.files, info)
	f.bytes += info.Size
	f.rows += ds.Inputs()[0].Rows
	f.groups += int64(l.Groups)
	return nil
}

// isParquet looks at the first bytes.
func (r *run) isParquet(ctx context.Context, info vfs.Info) (bool, error) {
	if info.Size < int64(len(parquet.Magic)) {
		return false, nil
	}
	file, err := r.fs.Open(ctx, info.Path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	head := make([]byte, len(parquet.Magic))
	if _, err := file.ReadAt(head, 0); err != nil && err != io.EOF {
		return false, vfs.Classify(err, "reading "+info.Path)
	}
	return string(head) == parquet.Magic, nil
}

// open opens a Parquet file; closing the dataset closes it.
func (r *run) open(ctx context.Context, info vfs.Info) (source.Dataset, error) {
	file, err := r.fs.Open(ctx, info.Path)
	if err != nil {
		return nil, err
	}
	ds, err := parquet.Open(ctx, info.Path, file, file.Info().Size, parquet.Options{})
	if err != nil {
		file.Close()
		return nil, err
	}
	return ds, nil
}

// codecFor is the codec that rewrites a file of the given one.
func codecFor(name string) string {
	switch name = strings.ToLower(name); name {
	case "gzip", "zstd", "brotli", "snappy":
		return name
	case "lz4", "lz4_raw":
		return "lz4_raw"
	case "none", "uncompressed":
		return "none"
	}
	return "snappy"
}

// same compares names, order and types of columns; whether nulls are allowed does not matter.
func same(a, b *arrow.Schema) error {
	if a.NumFields() != b.NumFields() {
		return fmt.Errorf("%d columns and %d", a.NumFields(), b.NumFields())
	}
	for i := range a.NumFields() {
		x, y := a.Field(i), b.Field(i)
		if x.Name != y.Name {
			return fmt.Errorf("column %d is %q in one and %q in the other", i+1, x.Name, y.Name)
		}
		if !arrow.TypeEqual(x.Type, y.Type) {
			return fmt.Errorf("column %q is %s in one and %s in the other", x.Name, x.Type, y.Type)
		}
	}
	return nil
}

const (
	smallGroupRows  = 64 << 10
	smallGroupBytes = 16 << 20
)

// choose says of each folder whether it is worth rewriting, and why.
func (r *run) choose(ctx context.Context) error {
	for _, f := range r.folders {
		for _, name := range r.opt.Sort {
			at := f.schema.FieldIndices(name)
			if len(at) != 1 {
				if r.opt.Strict {
					return fault.New(fault.Usage, "--sort %s: %s has no such column", name, f.first).WithHint("columns: %s", strings.Join(names(f.schema), ", "))
				}
				f.sort = nil
				break
			}
			f.sort = append(f.sort, at[0])
		}
		small := 0
		for _, i := range f.files {
			if i.Size < r.opt.Target/2 {
				small++
			}
		}
		switch {
		case f.rows == 0:
		case small > 1:
			f.why = fmt.Sprintf("%d of %d files are small", small, len(f.files))
		case f.groups > int64(len(f.files)) && f.rows/f.groups < smallGroupRows && f.bytes/f.groups < smallGroupBytes:
			f.why = fmt.Sprintf("%d small row groups", f.groups)
		case len(f.sort) > 0:
			ok, err := r.inOrder(ctx, f)
			if err != nil {
				return err
			}
			if !ok {
				f.why = "rows are not in order"
			}
		}
		if f.why != "" {
			r.report.Rewritten++
		}
	}
	return nil
}

func names(s *arrow.Schema) (out []string) {
	for _, f := range s.Fields() {
		out = append(out, f.Name)
	}
	return out
}

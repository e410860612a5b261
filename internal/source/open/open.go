// Package open turns what a user wrote as inputs — paths, patterns, folders, a dash —
// into one dataset. Formats are recognised by content; several files are a union
// of one schema; folders named key=value become columns.
package open

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/csv"
	"github.com/ecomctl/ecomctl/internal/source/sqltable"
	"github.com/ecomctl/ecomctl/internal/source/value"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Options say how inputs are opened. The zero value reads local files.
type Options struct {
	Stdin   io.Reader // what "-" means; nil makes "-" an error
	TempDir string    // where standard input is kept; "" is the system's place
	// SpoolBytes bounds what is kept of a pipe; 0 is nine tenths of the free space.
	SpoolBytes int64
	Memory     int64  // bytes that readers of one file may hold; 0 is the format's default
	FS         vfs.FS // nil is the local disk
	// Format states the format: "", "parquet", "arrow", "csv", "tsv", "ndjson", "json" or "basket".
	Format string
	// Getenv reads the environment for the passwords of databases; nil has none.
	Getenv func(string) string
	// CSV states what is otherwise recognised in delimited text.
	CSV csv.Options
}

// file is one file to be read.
type file struct {
	name string
	part []partition // from folders named key=value
	data *handle     // nil for a table of a database, whose name is its URL
}

// manyFiles is the number of files from which on the samples of text files shrink, so that
// a folder of thousands opens in time.
const manyFiles = 64

// Open opens inputs as one dataset. Errors name the input, the cause and a remedy.
func Open(ctx context.Context, inputs []string, opts Options) (source.Dataset, error) {
	if opts.FS == nil {
		opts.FS = vfs.Local{}
	}
	if len(inputs) == 0 {
		return nil, fault.New(fault.Usage, "no input was given").WithHint("name a file, a folder, a pattern in quotes, or - for standard input")
	}
	pool := newPool(opts.FS)
	files, err := expand(ctx, inputs, &opts, pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	if len(files) > manyFiles && opts.CSV.SampleBytes == 0 {
		opts.CSV.SampleBytes = max(32<<10, manyFiles<<20/len(files))
	}
	u := &union{pool: pool}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			u.Close()
			return nil, vfs.Classify(err, "opening "+f.name)
		}
		ds, err := openMember(ctx, &f, &opts)
		if err != nil {
			u.Close()
			return nil, err
		}
		u.files = append(u.files, member{file: f, ds: ds, checks: ds.Inputs()[0].Format != fmtParquet})
	}
	err = u.sameDecimals(ctx, opts)
	if err == nil {
		err = u.unite()
	}
	if err != nil {
		u.Close()
		return nil, err
	}
	return u, nil
}

// sameDecimals reads text files whose samples do not tell how numbers are written like those
// beside them that write a decimal comma: 1.000 is a thousand there.
func (u *union) sameDecimals(ctx context.Context, opts Options) error {
	comma := slices.ContainsFunc(u.files, func(m member) bool { return decimalOf(m.ds) == value.CommaDecimal })
	opts.CSV.Decimal = value.CommaDecimal
	for i := range u.files {
		m := &u.files[i]
		if _, text := m.ds.(*csv.Dataset); !comma || !text || decimalOf(m.ds) != value.Plain {
			continue
		}
		ds, err := openFile(ctx, m.file, &opts)
		if err != nil {
			return err
		}
		m.ds = ds
	}
	return nil
}

// Decimal is how the text files among the inputs write numbers.
func (u *union) Decimal() value.Notation {
	for _, m := range u.files {
		if n := decimalOf(m.ds); n != value.Plain {
			return n
		}
	}
	return value.Plain
}

// decimalOf is how a text file writes numbers.
func decimalOf(ds source.Dataset) value.Notation {
	if d, ok := ds.(*csv.Dataset); ok {
		return d.Decimal()
	}
	return value.Plain
}

// openMember opens a file, or a table of a database.
func openMember(ctx context.Context, f *file, opts *Options) (source.Dataset, error) {
	if f.data != nil {
		return openFile(ctx, *f, opts)
	}
	ds, err := sqltable.Open(ctx, f.name, sqltable.Options{Getenv: opts.Getenv})
	f.name = sqldb.Redact(f.name)
	return ds, err
}

// expand turns inputs into files: patterns and folders into what they hold.
func expand(ctx context.Context, inputs []string, opts *Options, pool *pool) ([]file, error) {
	var out []file
	for _, in := range inputs {
		var err error
		switch {
		case in == "-":
			var h *handle
			if h, err = spool(ctx, "standard input", opts.Stdin, opts, pool); err == nil {
				out = append(out, file{name: "standard input", data: h})
			}
		case sqldb.Is(in):
			out = append(out, file{name: in})
		case foreign(in, opts.FS) != "":
			err = fault.New(fault.Usage, "opening %s: inputs of the kind %s cannot be read by this command", redact(in), foreign(in, opts.FS)).WithHint("copy the data to a file first")
		default:
			out, err = expandPath(ctx, in, opts, pool, out)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// foreign returns the scheme of a URI that is not a path of the file system.
func foreign(in string, fsys vfs.FS) string {
	if s, ok := fsys.(vfs.Schemes); ok && s.Has(in) {
		return ""
	}
	if i := strings.Index(in, "://"); i > 1 {
		return in[:i]
	}
	return ""
}

// redact hides the user part of a URI.
func redact(uri string) string {
	i := strings.Index(uri, "://")
	j := strings.LastIndexByte(uri, '@')
	if i < 0 || j < i {
		return uri
	}
	return uri[:i+3] + "…" + uri[j:]
}

func expandPath(ctx context.Context, in string, opts *Options, pool *pool, out []file) ([]file, error) {
	info, err := opts.FS.Stat(ctx, in)
	if err != nil && vfs.HasGlob(in) && fault.KindOf(err) == fault.NotFound {
		return expandGlob(ctx, in, opts, pool, out)
	}
	if err != nil {
		return nil, err
	}
	if info.Dir {
		return expandDir(ctx, in, opts, pool, out)
	}
	return addFile(ctx, info, opts, pool, out)
}

func expandGlob(ctx context.Context, in string, opts *Options, pool *pool, out []file) ([]file, error) {
	paths, err := vfs.Glob(ctx, opts.FS, in)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fault.New(fault.NotFound, "opening %s: no file matches the pattern", in).WithHint("check the spelling and the current folder")
	}
	for _, p := range paths {
		info, err := opts.FS.Stat(ctx, p)
		if err != nil {
			return nil, err
		}
		if info.Dir {
			out, err = expandDir(ctx, p, opts, pool, out)
		} else {
			out, err = addFile(ctx, info, opts, pool, out)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func expandDir(ctx context.Context, dir string, opts *Options, pool *pool, out []file) ([]file, error) {
	infos, err := vfs.Walk(ctx, opts.FS, dir)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, info := range infos {
		if info.Size == 0 && info.Regular {
			continue // an empty part, as cluster jobs leave them
		}
		if out, err = addFile(ctx, info, opts, pool, out); err != nil {
			return nil, err
		}
		n++
	}
	if n == 0 {
		return nil, fault.New(fault.NotFound, "opening %s: the folder holds no data files", dir).WithHint("names that begin with . or _ and empty files are left out")
	}
	return out, nil
}

func addFile(ctx context.Context, info vfs.Info, opts *Options, pool *pool, out []file) ([]file, error) {
	f := file{name: info.Path, part: partitions(info.Path)}
	if info.Regular {
		f.data = pool.add(info)
		return append(out, f), nil
	}
	// A pipe or device can be read only once: keep it.
	src, err := opts.FS.Open(ctx, info.Path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	if f.data, err = spool(ctx, info.Path, src, opts, pool); err != nil {
		return nil, err
	}
	return append(out, f), nil
}

// ext returns the extension of a name without a compression, in lower case.
func ext(name string) string {
	name = strings.ToLower(name)
	for _, z := range []string{".gz", ".zst", ".gzip", ".zstd"} {
		name = strings.TrimSuffix(name, z)
	}
	return filepath.Ext(name)
}

func mismatch(format string, args ...any) error {
	return fault.New(fault.Input, "uniting the inputs: %s", fmt.Sprintf(format, args...)).WithHint("give files of one schema, or convert them one by one first (ecomctl convert)")
}

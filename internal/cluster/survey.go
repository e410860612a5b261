package cluster

import (
	"context"
	"io"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/source/parquet"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Data is what files are to Spark. Sizes are bytes.
type Data struct {
	Files, Parquet int64 // all of them, and those in Parquet
	Rows           int64 // of the Parquet files
	Groups         int64 // row groups of the Parquet files: what one task reads at least
	Stored         int64 // bytes of the files
	Decoded        int64 // bytes after decompression: of Parquet by the footers, of others as stored
	Small          int64 // files below smallFile
	Sizes          []int64
	// LargestStored and LargestDecoded are the largest row group's.
	LargestStored, LargestDecoded int64
	// Whole are files that cannot be split, as compressed text, and the largest of them.
	Whole, LargestWhole int64
}

// smallFile is a size below which opening a file weighs as much as reading it: Spark counts each file as 4 MiB more than it
// has (spark.sql.files.openCostInBytes), so that of a file of 16 MiB a fifth of its weight is its opening.
const smallFile = 16 << 20

// footers bounds the files whose footers are read at a time; each waits for the disk or a data node.
const footers = 8

// memoryPerFooter bounds what a footer may take.
const memoryPerFooter = 256 << 20

// Survey lists the files of inputs (files, folders, patterns) and reads the footers of those in Parquet.
func Survey(ctx context.Context, files vfs.Schemes, inputs []string, progress func(done, all int)) (*Data, error) {
	var list []vfs.Info
	for _, in := range inputs {
		found, err := listInput(ctx, files, in)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "opening %s: no files are there", strings.Join(inputs, ", ")).WithHint("check the spelling; files whose names begin with . or _ are left out")
	}
	d := &Data{}
	var mu sync.Mutex
	err := parallel.Each(ctx, len(list), footers, func(ctx context.Context, _, i int) error {
		one, err := surveyFile(ctx, files.For(list[i].Path), list[i])
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		d.add(one)
		if progress != nil {
			progress(int(d.Files), len(list))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// listInput lists the files that a path means.
func listInput(ctx context.Context, files vfs.Schemes, in string) ([]vfs.Info, error) {
	fsys := files.For(in)
	info, err := fsys.Stat(ctx, in)
	switch {
	case err == nil && info.Dir:
		if !files.Has(in) {
			in = filepath.Clean(in)
		}
		return vfs.Walk(ctx, fsys, in)
	case err == nil:
		return []vfs.Info{info}, nil
	case !vfs.HasGlob(in) || fault.KindOf(err) != fault.NotFound:
		return nil, err
	}
	paths, err := vfs.Glob(ctx, fsys, in)
	if err != nil {
		return nil, err
	}
	var out []vfs.Info
	for _, p := range paths {
		more, err := listInput(ctx, files, p)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// surveyFile describes one file.
func surveyFile(ctx context.Context, fsys vfs.FS, info vfs.Info) (*Data, error) {
	d := &Data{Files: 1, Stored: info.Size, Decoded: info.Size, Sizes: []int64{info.Size}}
	if info.Size < smallFile {
		d.Small = 1
	}
	ext := strings.ToLower(path.Ext(info.Path))
	f, err := fsys.Open(ctx, info.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 4)
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, vfs.Classify(err, "reading "+info.Path)
	}
	if string(head) != "PAR1" {
		if ext == ".gz" || ext == ".zst" {
			d.Whole, d.LargestWhole = 1, info.Size
		}
		return d, nil
	}
	set, err := parquet.Open(ctx, info.Path, keepOpen{f}, info.Size, parquet.Options{Memory: memoryPerFooter})
	if err != nil {
		return nil, err
	}
	defer set.Close()
	l, ok := parquet.LayoutOf(set)
	if !ok {
		return nil, fault.New(fault.Internal, "%s has no layout", info.Path)
	}
	d.Parquet, d.Rows, d.Groups, d.Decoded, d.LargestStored, d.LargestDecoded = 1, l.Rows, int64(l.Groups), l.Decoded, l.LargestStored, l.LargestDecoded
	return d, nil
}

// keepOpen hides the Close of a file.
type keepOpen struct{ io.ReaderAt }

func (d *Data) add(o *Data) {
	d.Files, d.Parquet, d.Rows, d.Groups = d.Files+o.Files, d.Parquet+o.Parquet, d.Rows+o.Rows, d.Groups+o.Groups
	d.Stored, d.Decoded, d.Small, d.Whole = d.Stored+o.Stored, d.Decoded+o.Decoded, d.Small+o.Small, d.Whole+o.Whole
	d.Sizes = append(d.Sizes, o.Sizes...)
	d.LargestStored, d.LargestDecoded = max(d.LargestStored, o.LargestStored), max(d.LargestDecoded, o.LargestDecoded)
	d.LargestWhole = max(d.LargestWhole, o.LargestWhole)
}

// Package optimize rewrites folders of Parquet files: many small files become few large ones,
// in the order of a column, so that readers open less and leave out more.
//
//	folder ─read─▶ digest, sort (in memory, else runs on disk) ─▶ new files aside ─read back─▶ same digest ─▶ swap
//
// No row is lost, repeated or changed: the number of rows, the types of the columns and a digest
// of all rows that does not depend on their order are compared before anything is replaced. The
// swap is vfs.Swap: one rename decides, and after a crash the next reader and the next run see
// either all of the old files or all of the new. Each folder of a tree (a Hive partition) is done for itself; files
// of other kinds stay.
package optimize

import (
	"context"
	"time"

	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Options say how folders are rewritten.
type Options struct {
	Sort    []string // columns that order the rows, nulls last; none keeps the order
	Strict  bool     // a folder without a column of Sort is an error
	Target  int64    // bytes that a file should have; 0 is 128 MiB
	Codec   string   // of the new files; "" keeps the folder's
	Threads int      // at least 1
	Memory  int64    // bytes that rows may take before they are sorted on disk
	TempDir string   // where; "" is the system's place
	DryRun  bool     // write and verify the new files, measure, and remove them
	Owner   string   // of unfinished work, from process.Name
	// Measure times a typical query over files; nil measures nothing.
	Measure  func(ctx context.Context, files []string) (time.Duration, error)
	Progress Progress                         // may be nil
	Say      func(format string, args ...any) // one line for each folder
}

// Progress is told how far the work is.
type Progress interface {
	Start(phase string, total int64)
	Add(n int64)
	Done()
}

// State is what a tree of folders holds, Parquet files only.
type State struct {
	Files, Bytes, Rows, Groups int64
	Query                      time.Duration // of the typical query; 0 when it was not measured
}

// Report says what was done, or would be.
type Report struct {
	Before, After State
	Folders       int // with Parquet files
	Rewritten     int // of them
}

const (
	defaultTarget = 128 << 20
	leastMemory   = 32 << 20
)

// Run rewrites the folders below root that are worth it.
func Run(ctx context.Context, fsys vfs.FS, root string, opt Options) (Report, error) {
	if opt.Target <= 0 {
		opt.Target = defaultTarget
	}
	opt.Memory, opt.Threads = max(opt.Memory, leastMemory), max(opt.Threads, 1)
	r := &run{fs: fsys, opt: opt}
	defer r.cleanUp(context.WithoutCancel(ctx))
	if err := r.plan(ctx, root, 0); err != nil {
		return r.report, err
	}
	if err := r.choose(ctx); err != nil {
		return r.report, err
	}
	if err := r.measure(ctx, &r.report.Before.Query); err != nil {
		return r.report, err
	}
	if err := r.rewriteAll(ctx); err != nil {
		return r.report, err
	}
	return r.report, r.measure(ctx, &r.report.After.Query)
}

// run is one call of Run.
type run struct {
	fs      vfs.FS
	opt     Options
	folders []*folder
	report  Report
}

// measure times the typical query on the files as they are by now, if anything is rewritten.
func (r *run) measure(ctx context.Context, to *time.Duration) (err error) {
	if r.opt.Measure == nil || r.report.Rewritten == 0 {
		return nil
	}
	var files []string
	for _, f := range r.folders {
		for _, m := range f.now {
			files = append(files, m.Path)
		}
	}
	*to, err = r.opt.Measure(ctx, files)
	return err
}

// rewriteAll does one folder after the other.
func (r *run) rewriteAll(ctx context.Context) error {
	if p := r.opt.Progress; p != nil {
		var total int64
		for _, f := range r.folders {
			if f.why != "" {
				total += f.bytes
			}
		}
		p.Start("rewriting", total)
		defer p.Done()
	}
	for _, f := range r.folders {
		if f.why != "" {
			if err := r.rewrite(ctx, f); err != nil {
				return err
			}
		}
		r.report.After.add(f.state())
	}
	return nil
}

func (s *State) add(o State) {
	s.Files += o.Files
	s.Bytes += o.Bytes
	s.Rows += o.Rows
	s.Groups += o.Groups
}

// cleanUp removes what was not swapped in: after a failure, an interrupt or a dry run.
func (r *run) cleanUp(ctx context.Context) {
	for _, f := range r.folders {
		if f.staged {
			_ = vfs.Unswap(ctx, r.fs, f.dir)
		}
	}
}

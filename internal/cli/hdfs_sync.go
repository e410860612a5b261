package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/mirror"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/term"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

var syncSpecs = []result.Spec{
	{Name: "action", Type: expr.Text, Desc: "copied; compared (had no record, has the content); unchanged (record fits); deleted; changed (during the run); failed"},
	{Name: "files", Type: expr.Int, Desc: "number of files"},
	{Name: "bytes", Type: expr.Int, Desc: "their size"},
}

// maxParallel bounds the files that are copied at a time.
const maxParallel = 64

type syncFlags struct {
	mirror.Options
	noProgress bool
}

func newHDFSSync(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "sync FROM TO",
		Short: "Make a folder hold the files of another, verified and resumable",
		Long: `Copies what is new or differs from one folder to another: local to HDFS, HDFS to local, or
HDFS to HDFS. Each file is written under a hidden name, verified (length and content, on HDFS by the
data nodes' checksum) and renamed, so no file is ever half there. A run that was interrupted is
simply started again: files whose record (size, time, digest) still fits are left alone, the
others are begun anew. The record lies in an attribute of the file on HDFS and in .ecomctl-sync.ndjson
on the disk; a file without one is compared by content.
Files that only the second folder has stay, unless --delete is given.`,
		Example: `  ecomctl hdfs sync data/ hdfs://namenode:8020/shop
  ecomctl hdfs sync hdfs://namenode:8020/shop backup/ --parallel 8
  ecomctl hdfs sync data/ hdfs:///shop --delete --dry-run`,
		Args: cobra.ExactArgs(2),
	}
	var o syncFlags
	f := c.Flags()
	f.BoolVar(&o.Delete, "delete", false, "remove files that the first folder has not")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would be copied and deleted, and do nothing")
	f.BoolVar(&o.Verify, "verify", false, "compare the content also of files whose size and time fit")
	f.IntVar(&o.Parallel, "parallel", 4, "copy `N` files at a time")
	f.BoolVar(&o.noProgress, "no-progress", false, "draw no progress")
	out := addOutput(a, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if o.Parallel < 1 || o.Parallel > maxParallel {
			return fault.New(fault.Usage, "--parallel %d: a number from 1 to %d", o.Parallel, maxParallel)
		}
		sum, err := a.sync(c.Context(), args[0], args[1], o)
		if err == nil || sum != (mirror.Summary{}) {
			if e := out.write(c.Context(), syncTable(sum), nil); err == nil {
				err = e
			}
		}
		return err
	}
	return c
}

// sync mirrors a folder to another, one of which is on HDFS.
func (a *App) sync(ctx context.Context, from, to string, o syncFlags) (mirror.Summary, error) {
	if err := a.checkSync(ctx, from, to); err != nil {
		return mirror.Summary{}, err
	}
	o.Now = a.Now()
	o.Say = func(format string, args ...any) {
		if o.DryRun || a.verbose || !strings.Contains(format, "→") {
			a.say(format, args...)
		}
	}
	if a.IO.ErrTTY && !o.noProgress && !a.quiet {
		o.Progress = &term.Progress{Now: a.Now, W: a.IO.Err}
	}
	src := a.files().For(from)
	if fsys, ok := a.files().For(to).(*hdfs.FS); ok {
		return mirror.Run(ctx, src, from, mirror.Noted(fsys), to, o.Options)
	}
	to = filepath.Clean(to)
	dst, err := mirror.OpenLocal(ctx, to)
	if err != nil {
		return mirror.Summary{}, err
	}
	defer dst.Close()
	return mirror.Run(ctx, src, from, dst, to, o.Options)
}

// checkSync refuses pairs of folders that cannot be mirrored.
func (a *App) checkSync(ctx context.Context, from, to string) error {
	if !strings.HasPrefix(from, hdfs.Scheme) && !strings.HasPrefix(to, hdfs.Scheme) {
		return fault.New(fault.Usage, "neither %s nor %s is a path of HDFS", from, to).WithHint("write hdfs://host:port/path, or hdfs:///path with HADOOP_CONF_DIR")
	}
	info, err := a.files().Stat(ctx, from)
	if err != nil {
		return err
	}
	if !info.Dir {
		return fault.New(fault.Usage, "%s is not a folder", from).WithHint("hdfs put and hdfs get copy files")
	}
	if there, err := a.files().Stat(ctx, to); err == nil && !there.Dir {
		return fault.New(fault.Usage, "%s is not a folder", to)
	} else if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	f, t := strings.TrimRight(from, "/")+"/", strings.TrimRight(to, "/")+"/"
	if strings.HasPrefix(f, t) || strings.HasPrefix(t, f) {
		return fault.New(fault.Usage, "one of %s and %s lies in the other", from, to)
	}
	return nil
}

func syncTable(s mirror.Summary) *result.Table {
	rows := []struct {
		action string
		n      mirror.Count
	}{{"copied", s.Copied}, {"compared", s.Compared}, {"unchanged", s.Unchanged}, {"deleted", s.Deleted}, {"changed", s.Changed}, {"failed", s.Failed}}
	t := &result.Table{Name: "sync", N: len(rows)}
	for _, spec := range syncSpecs {
		t.Columns = append(t.Columns, result.Column{Spec: spec, Data: result.NewData(spec.Type, len(rows))})
	}
	for _, r := range rows {
		result.AppendText(&t.Columns[0].Data, r.action)
		result.AppendInt(&t.Columns[1].Data, r.n.Files)
		result.AppendInt(&t.Columns[2].Data, r.n.Bytes)
	}
	return t
}

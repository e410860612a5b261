package cli

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/convert"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/optimize"
	"github.com/ecomctl/ecomctl/internal/process"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sink/parquet"
)

var optimizeSpecs = []result.Spec{
	{Name: "metric", Type: expr.Text, Desc: "files, bytes, rows, row_groups (of Parquet files), seconds (sales by month over all of them, or reading every column; best of three)"},
	{Name: "before", Type: expr.Float, Desc: "value before"},
	{Name: "after", Type: expr.Float, Desc: "value after, or as it would be"},
}

// noSort is the word of --sort that keeps the order of rows.
const noSort = "none"

func newOptimize(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "optimize DIR",
		Short: "Make few large, ordered Parquet files of many small ones",
		Long: `Rewrites the Parquet files of a folder and its sub-folders (Hive partitions stay), on the disk
or HDFS: small files become large ones, rows are ordered by time, so that queries open fewer files
and leave out more. Files of other kinds stay, and folders that need nothing are left alone.
The new files are written aside, read back and compared with the old (number of rows, types and a
digest of all rows) before one rename replaces them. An interrupted run leaves the old files
or the new; the next run tidies up.`,
		Example: `  ecomctl optimize shop/ --dry-run
  ecomctl optimize hdfs://namenode:8020/shop --codec zstd --target-size 256MiB
  ecomctl optimize shop/ --sort region,order_ts`,
		Args: cobra.ExactArgs(1),
	}
	com, out := addCommon(a, c), addOutput(a, c)
	var o optimize.Options
	var target string
	f := c.Flags()
	f.BoolVar(&o.DryRun, "dry-run", false, "write and verify the new files, measure, and remove them again")
	f.Lookup("sort").Usage = "order the rows of the files by these `columns`; none keeps their order (default: the column recognised as time)"
	f.StringVar(&target, "target-size", "128MiB", "`SIZE` that files should have")
	f.StringVar(&o.Codec, "codec", "", "compression: snappy, zstd, gzip, lz4_raw, brotli, none (default: the folder's own)")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := com.load(c); err != nil {
			return err
		}
		sort := out.sort // of the files, not of the result
		out.sort = nil
		if err := out.settle(com.conf); err != nil {
			return err
		}
		var err error
		if o.Target, err = config.ParseSize(target); err != nil || o.Target <= 0 {
			return fault.New(fault.Usage, "--target-size %s: not a size", target).WithHint("write 128MiB or 1GiB")
		}
		if o.Codec != "" && !slices.Contains(parquet.Codecs(), o.Codec) {
			return fault.New(fault.Usage, "--codec %s: unknown", o.Codec).WithHint("one of %v", parquet.Codecs())
		}
		rep, err := com.optimize(c.Context(), args[0], sort, o)
		if err != nil {
			return err
		}
		if rep.Rewritten == 0 {
			a.say("%d folders, nothing to do", rep.Folders)
		}
		return out.write(c.Context(), optimizeTable(rep), nil)
	}
	hideOrderFlags(c, "tz", "map")
	refuseFlags(c, "delimiter", "encoding", "decimal", "no-header", "input-format", "max-rejects", "pseudonymise")
	return c
}

// optimize rewrites a folder.
func (o *common) optimize(ctx context.Context, dir string, sort []string, opt optimize.Options) (optimize.Report, error) {
	info, err := o.app.files().Stat(ctx, dir)
	if err != nil {
		return optimize.Report{}, err
	}
	if !info.Dir {
		return optimize.Report{}, fault.New(fault.Usage, "optimizing %s: it is not a folder", dir).WithHint("convert rewrites one file")
	}
	if !o.app.files().Has(dir) {
		dir = filepath.Clean(dir)
	}
	if opt.Memory, err = o.MemoryBytes(); err != nil {
		return optimize.Report{}, err
	}
	opt.Memory /= 2 // the other half is for readers and encoders
	opt.Threads, opt.TempDir, opt.Owner, opt.Say, opt.Progress = o.Workers(), o.TempDir(), process.Name(), o.app.say, o.progress()
	opt.Measure = func(ctx context.Context, files []string) (time.Duration, error) { return o.bestOf(ctx, files, 3) }
	switch {
	case len(sort) == 1 && sort[0] == noSort:
	case len(sort) > 0:
		opt.Sort, opt.Strict = sort, true
	default:
		opt.Sort = o.timeColumn(ctx, dir)
	}
	return optimize.Run(ctx, o.app.files().For(dir), dir, opt)
}

// timeColumn is the column of the input that is recognised as time, if any.
func (o *common) timeColumn(ctx context.Context, dir string) []string {
	s, err := session.Inputs(ctx, o.host(nil), o.Settings, []string{dir})
	if err != nil {
		return nil // Run says what is wrong with the files
	}
	defer s.Close()
	table := schema.Guess(s.Data.Schema(), false)
	if table == nil {
		return nil
	}
	m, _, err := schema.Propose(table, s.Data.Schema(), false)
	if err != nil {
		return nil
	}
	for _, name := range []string{"order_ts", "event_ts", "ds", "ts"} {
		if c := m.Of(name); c != nil && c.From != "" {
			o.app.say("note: rows are ordered by %s (--sort names another column)", c.From)
			return []string{c.From}
		}
	}
	return nil
}

// bestOf runs the typical query several times and returns the shortest.
func (o *common) bestOf(ctx context.Context, files []string, times int) (best time.Duration, err error) {
	for i := range times {
		begun := o.app.Now()
		if err := o.typical(ctx, files); err != nil {
			return 0, err
		}
		if took := o.app.Now().Sub(begun); i == 0 || took < best {
			best = took
		}
	}
	return best, nil
}

// typical is sales by month, or, of what is no table of orders, reading all of it.
func (o *common) typical(ctx context.Context, files []string) error {
	h := o.host(nil)
	h.Say = nil
	s, err := session.Open(ctx, h, o.Settings, "orders", files, false)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return o.readAll(ctx, files)
	}
	defer s.Close()
	s.Req.Params["by"] = "month"
	eng, err := s.Engine()
	if err != nil {
		return err
	}
	_, err = analysis.Run(ctx, eng, analysis.Get("sales"), s.Req)
	return err
}

// readAll reads every column of the files.
func (o *common) readAll(ctx context.Context, files []string) error {
	h := o.host(nil)
	h.Say = nil
	s, err := session.Inputs(ctx, h, o.Settings, files)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = convert.Copy(ctx, s.Data, nowhere{}, convert.Options{Threads: o.Workers()})
	return err
}

// nowhere takes batches and forgets them.
type nowhere struct{}

// Write implements convert.Writer.
func (nowhere) Write(*frame.Batch) error { return nil }

// Close implements convert.Writer.
func (nowhere) Close() error { return nil }

func optimizeTable(r optimize.Report) *result.Table {
	rows := []struct {
		metric        string
		before, after float64
	}{
		{"files", float64(r.Before.Files), float64(r.After.Files)}, {"bytes", float64(r.Before.Bytes), float64(r.After.Bytes)},
		{"rows", float64(r.Before.Rows), float64(r.After.Rows)}, {"row_groups", float64(r.Before.Groups), float64(r.After.Groups)},
	}
	if r.Rewritten > 0 {
		rows = append(rows, struct {
			metric        string
			before, after float64
		}{"seconds", r.Before.Query.Seconds(), r.After.Query.Seconds()})
	}
	t := &result.Table{Name: "optimize", N: len(rows)}
	for _, spec := range optimizeSpecs {
		t.Columns = append(t.Columns, result.Column{Spec: spec, Data: result.NewData(spec.Type, len(rows))})
	}
	for _, row := range rows {
		result.AppendText(&t.Columns[0].Data, row.metric)
		result.AppendFloat(&t.Columns[1].Data, row.before)
		result.AppendFloat(&t.Columns[2].Data, row.after)
	}
	return t
}

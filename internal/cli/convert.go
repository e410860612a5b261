package cli

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/convert"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sink/arrowipc"
	"github.com/ecomctl/ecomctl/internal/sink/csv"
	"github.com/ecomctl/ecomctl/internal/sink/ndjson"
	"github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// tableFormats are the formats that whole tables are copied to.
var tableFormats = []string{"parquet", "arrow", "csv", "tsv", "ndjson", "json"}

// target is where a whole table goes.
type target struct {
	app           *App
	file, format  string
	codec         string
	defaultFormat string // in a pipe
	into          intoTable
	begin         func(*arrow.Schema) (sink.Writer, error) // of an output that is a table of a database
}

func addTarget(a *App, c *cobra.Command, pipeFormat string) *target {
	t := &target{app: a, defaultFormat: pipeFormat}
	f := c.Flags()
	f.StringVarP(&t.file, "output", "o", "", "write to `FILE`, or to a table: sqlite:FILE?table=NAME, mysql://…?table=NAME; appears whole or not at all")
	t.into.add(a, c)
	f.StringVar(&t.format, "format", "", "`FORMAT`: "+strings.Join(tableFormats, ", ")+" (default: by file ending; "+pipeFormat+" in a pipe)")
	f.StringVar(&t.codec, "codec", "", "compression of Parquet: snappy (default), zstd, gzip, lz4, brotli, none")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(tableFormats, cobra.ShellCompDirectiveNoFileComp))
	return t
}

// resolve settles the format and refuses what cannot be written.
func (t *target) resolve() error {
	if t.file == "-" {
		t.file = ""
	}
	if err := t.into.check(t.file, t.format); err != nil {
		return err
	}
	if sqldb.Is(t.file) {
		return nil
	}
	if err := checkScheme("-o", t.file); err != nil {
		return err
	}
	if t.format == "" && t.file != "" {
		if t.format = render.FormatOf(t.file); t.format == "" {
			return fault.New(fault.Usage, "-o %s: the ending names no format", t.file).WithHint("add --format, one of %s", strings.Join(tableFormats, ", "))
		}
	}
	if t.format == "" {
		t.format = t.defaultFormat
	}
	ok := false
	for _, f := range tableFormats {
		ok = ok || f == t.format
	}
	if !ok {
		return fault.New(fault.Usage, "--format %s: whole tables are written as %s", t.format, strings.Join(tableFormats, ", "))
	}
	if t.file == "" && t.app.IO.OutTTY && (t.format == "parquet" || t.format == "arrow") {
		return fault.New(fault.Usage, "--format %s: binary data on a terminal", t.format).WithHint("use -o FILE or a pipe")
	}
	return nil
}

// open returns the writer of the format over w.
func (t *target) open(w io.Writer, schema *arrow.Schema, threads int) (sink.Writer, error) {
	if sqldb.Is(t.file) {
		return t.begin(schema)
	}
	switch t.format {
	case "csv":
		return csv.New(w, schema, csv.Options{})
	case "tsv":
		return csv.New(w, schema, csv.Options{Delimiter: '\t'})
	case "ndjson":
		return ndjson.New(w, schema, ndjson.Options{})
	case "json":
		return ndjson.New(w, schema, ndjson.Options{Array: true})
	case "arrow":
		return arrowipc.New(w, schema, arrowipc.Options{File: t.file != ""})
	}
	return parquet.NewWriter(w, schema, parquet.Options{Codec: t.codec, Threads: threads})
}

// write lets fill write to the file, whole or not at all, or to standard output.
func (t *target) write(ctx context.Context, fill func(w io.Writer) error) error {
	switch {
	case t.file == "":
		return fill(t.app.IO.Out)
	case sqldb.Is(t.file):
		return t.stream(ctx, fill)
	}
	return t.app.writeAtomic(ctx, t.file, fill)
}

// flatSchema drops the nested columns that a copy leaves out.
func flatSchema(d source.Dataset, text map[int]bool) *arrow.Schema {
	var fields []arrow.Field
	for _, w := range convert.Columns(d, text) {
		f := d.Schema().Field(w.Col)
		if text[w.Col] {
			f.Type = arrow.BinaryTypes.String
		}
		fields = append(fields, f)
	}
	return arrow.NewSchema(fields, nil)
}

func newConvert(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "convert [INPUT …] -o OUT",
		Short: "Copy tables between formats, every column as it is",
		Long: `Copies every row and every column that is not nested, in order. Text files get the
types that fit a sample; a row with a value that does not fit, or a line that cannot
be cut into fields, ends the copy with an error that names it, unless --rejects takes it.`,
		Example: `  ecomctl convert orders.csv -o orders.parquet
  ecomctl convert 'exports/2024-*.csv.gz' -o orders.parquet --codec zstd
  ecomctl convert orders.parquet --format ndjson | head
  ecomctl convert orders.csv -o 'sqlite:shop.db?table=orders'`,
	}
	com, out := addCommon(a, c), addTarget(a, c, "csv")
	var rejects string
	var text []string
	c.Flags().StringVar(&rejects, "rejects", "", "put rows that cannot be read into `FILE` (NDJSON) instead of failing")
	c.Flags().StringSliceVar(&text, "text", nil, "keep these `columns` of text files as text")
	c.RunE = func(c *cobra.Command, inputs []string) error {
		if err := out.resolve(); err != nil {
			return err
		}
		if err := com.load(c); err != nil {
			return err
		}
		s, err := com.inputs(c.Context(), inputs)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := s.guard(out.file, rejects); err != nil {
			return err
		}
		return s.convert(c.Context(), out, rejects, text)
	}
	hideOrderFlags(c)
	return c
}

// convert copies the session's input to the target.
func (s *opened) convert(ctx context.Context, out *target, rejects string, textNames []string) error {
	text, err := s.textColumns(textNames)
	if err != nil {
		return err
	}
	for _, n := range s.Data.Notices() {
		s.app.say("note: %s", n)
	}
	opts := convert.Options{Threads: s.Workers(), Progress: s.prog, Text: text}
	var sum convert.Summary
	copyTo := func(w io.Writer) error {
		dst, err := out.open(w, flatSchema(s.Data, text), s.Workers())
		if err != nil {
			return err
		}
		if sum, err = convert.Copy(ctx, s.Data, dst, opts); err != nil {
			dst.Close()
			return err
		}
		return dst.Close()
	}
	begun := s.app.Now()
	if rejects == "" {
		err = out.write(ctx, copyTo)
	} else {
		err = s.app.writeAtomic(ctx, rejects, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			opts.Reject = func(r convert.Rejected) error {
				return enc.Encode(map[string]any{"_file": s.Data.Inputs()[r.File].URI, "_row": r.Row, "_reason": r.Reason, "_raw": r.Raw})
			}
			return out.write(ctx, copyTo)
		})
	}
	if err != nil {
		return err
	}
	s.app.say("%d rows copied, %d rejected, in %s", sum.Rows, sum.Rejected, s.app.Now().Sub(begun).Round(time.Millisecond))
	return s.tooManyRejects(sum)
}

func (s *opened) tooManyRejects(sum convert.Summary) error {
	share, err := s.RejectShare()
	if err != nil {
		return err
	}
	if total := sum.Rows + sum.Rejected; total > 0 && float64(sum.Rejected)/float64(total) > share {
		return fault.New(fault.Data, "%d of %d rows were rejected, more than --max-rejects %.4g %%", sum.Rejected, total, 100*share)
	}
	return nil
}

// textColumns finds the columns of --text.
func (s *opened) textColumns(names []string) (map[int]bool, error) {
	text := map[int]bool{}
	for _, n := range names {
		idx := s.Data.Schema().FieldIndices(n)
		if len(idx) == 0 {
			return nil, fault.New(fault.Usage, "--text %s: the input has no such column", n)
		}
		text[idx[0]] = true
	}
	return text, nil
}

// hideOrderFlags hides the shared flags that have no meaning for whole-table commands
// and refuses them when given; those in keep have one.
func hideOrderFlags(c *cobra.Command, keep ...string) {
	names := slices.DeleteFunc([]string{"map", "products", "customers", "where", "from", "to", "as-of", "currency", "net", "no-clean", "reject-free", "dedupe", "seed", "tz", "engine", "lang"},
		func(n string) bool { return slices.Contains(keep, n) })
	refuseFlags(c, names...)
}

// refuseFlags hides shared flags that have no meaning for a command and refuses them when given.
func refuseFlags(c *cobra.Command, names ...string) {
	for _, n := range names {
		c.Flags().MarkHidden(n)
	}
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, n := range names {
			if c.Flags().Changed(n) {
				return fault.New(fault.Usage, "--%s does not apply to %s", n, c.Name())
			}
		}
		return run(c, args)
	}
}

// copyAll writes a dataset to a writer and closes it.
func copyAll(ctx context.Context, d source.Dataset, dst sink.Writer, threads int) error {
	if _, err := convert.Copy(ctx, d, dst, convert.Options{Threads: threads}); err != nil {
		dst.Close()
		return err
	}
	return dst.Close()
}

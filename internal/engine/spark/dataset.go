package spark

import (
	"context"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Dataset is Parquet files as Spark sees them: their columns are known here, their rows stay there.
type Dataset struct {
	paths  []string
	schema *arrow.Schema
}

// Open asks Spark for the columns of files or folders of Parquet; several must have the same.
func (c *Client) Open(ctx context.Context, paths []string) (*Dataset, error) {
	d := &Dataset{paths: paths}
	for _, p := range paths {
		if err := readable(p); err != nil {
			return nil, err
		}
		from, err := fileTable(p)
		if err != nil {
			return nil, err
		}
		s, err := c.Query(ctx, "SELECT * FROM "+from+" LIMIT 0", Op{})
		if err != nil {
			return nil, fault.Wrap(err, "opening %s", p)
		}
		if s == nil {
			return nil, fault.New(fault.Unavailable, "opening %s: Spark told no columns", p)
		}
		if d.schema == nil {
			d.schema = s
		} else if err := sameColumns(d.schema, s, paths[0], p); err != nil {
			return nil, err
		}
	}
	if d.schema == nil {
		return nil, fault.New(fault.Usage, "no input").WithHint("name a Parquet file or folder that Spark sees")
	}
	return d, nil
}

// readable refuses what Spark would read otherwise than this program does.
func readable(path string) error {
	if path == "-" {
		return fault.New(fault.Usage, "standard input is here, and Spark reads files").WithHint("write it to a Parquet file first: ecomctl convert - -o hdfs://…/orders.parquet")
	}
	lower := strings.ToLower(path)
	for _, ext := range []string{".csv", ".tsv", ".csv.gz", ".csv.zst", ".tsv.gz", ".json", ".ndjson", ".jsonl", ".txt", ".arrow", ".arrows", ".feather", ".ipc"} {
		if strings.HasSuffix(lower, ext) {
			return fault.New(fault.Usage, "--engine spark reads Parquet, and %s is another format: its quotes, times and numbers would be read by other rules than here", path).
				WithHint("convert it once: ecomctl convert %s -o hdfs://…/orders.parquet", path)
		}
	}
	for _, scheme := range []string{"mysql:", "sqlite:"} {
		if strings.HasPrefix(lower, scheme) {
			return fault.New(fault.Usage, "--engine spark reads Parquet files, no tables of a database").WithHint("leave --engine out, or convert the table: ecomctl convert URL -o hdfs://…/orders.parquet")
		}
	}
	return nil
}

// fileTable is a path as a table of Spark SQL.
func fileTable(path string) (string, error) {
	name, err := sqlgen.Spark.Ident(path)
	return "parquet." + name, err
}

func sameColumns(a, b *arrow.Schema, first, second string) error {
	same := a.NumFields() == b.NumFields()
	for i := 0; same && i < a.NumFields(); i++ {
		same = a.Field(i).Name == b.Field(i).Name && arrow.TypeEqual(a.Field(i).Type, b.Field(i).Type)
	}
	if !same {
		return fault.New(fault.Input, "%s and %s have different columns", first, second).WithHint("inputs of one command are one table: name them in commands of their own, or convert them alike")
	}
	return nil
}

// Schema implements source.Dataset.
func (d *Dataset) Schema() *arrow.Schema { return d.schema }

// Splits implements source.Dataset: one, which nobody can open.
func (d *Dataset) Splits() []source.Split { return []source.Split{away{}} }

// Inputs implements source.Dataset. Sizes and digests are not known here.
func (d *Dataset) Inputs() []source.Input {
	out := make([]source.Input, len(d.paths))
	for i, p := range d.paths {
		out[i] = source.Input{URI: p, Format: "parquet", Size: -1, Rows: -1}
	}
	return out
}

// Notices implements source.Dataset.
func (d *Dataset) Notices() []string { return nil }

// Close implements source.Dataset.
func (d *Dataset) Close() error { return nil }

// away is the split of a dataset whose rows are on Spark.
type away struct{}

func (away) File() int                           { return 0 }
func (away) Rows() int64                         { return -1 }
func (away) Bytes() int64                        { return 0 }
func (away) Stats(int) (s source.Stats, ok bool) { return s, false }

// Open implements source.Split.
func (away) Open(context.Context, []source.Want) (source.Reader, error) {
	return nil, fault.New(fault.Usage, "this has to look at the rows themselves, and those stay on Spark").
		WithHint("texts that are times or numbers are converted once: ecomctl clean IN -o hdfs://…/orders.parquet; or leave --engine spark out")
}

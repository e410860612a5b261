package render

import (
	"bufio"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/sink/arrowipc"
	"github.com/ecomctl/ecomctl/internal/sink/rowparquet"
)

// batch lays a table out as one frame batch for the columnar formats. Money
// becomes a double there, which every reader adds up without ceremony; it is exact
// to 10⁻⁴ below 9 × 10¹¹.
func batch(t *result.Table) (*frame.Batch, *arrow.Schema) {
	b := &frame.Batch{N: t.N, Cols: make([]frame.Column, len(t.Columns))}
	fields := make([]arrow.Field, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		b.Cols[i] = c.Data
		if c.Type == expr.Money {
			b.Cols[i] = doubles(c)
		}
		fields[i] = arrow.Field{Name: c.Name, Type: b.Cols[i].Type, Nullable: true}
	}
	return b, arrow.NewSchema(fields, nil)
}

// doubles returns a money column as doubles.
func doubles(c *result.Column) frame.Column {
	out := c.Data
	out.Type, out.Kind, out.I64 = arrow.PrimitiveTypes.Float64, frame.Float, nil
	out.F64 = make([]float64, c.Data.Len)
	for i, v := range c.Data.I64[:c.Data.Len] {
		out.F64[i] = float64(v) / 1e4
	}
	return out
}

// writeArrow writes an Arrow IPC stream, or a file where the result is one.
func writeArrow(w *bufio.Writer, t *result.Table, o Options) error {
	b, schema := batch(t)
	out, err := arrowipc.New(w, schema, arrowipc.Options{File: o.File})
	if err != nil {
		return err
	}
	if err := out.Write(b); err != nil {
		return err
	}
	return out.Close()
}

// writeParquet writes a Parquet file.
func writeParquet(w *bufio.Writer, t *result.Table, _ Options) error {
	b, _ := batch(t)
	return rowparquet.Write(w, rowparquet.Table{Names: t.Names(), Columns: b.Cols, Rows: t.N})
}

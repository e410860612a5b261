package spark

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// newTable returns the empty answer to a query: its columns have the types that package query says.
func newTable(rel *relation.Relation, q query.Query) *query.Table {
	t := &query.Table{Name: q.Name}
	add := func(name string, typ expr.Type) {
		t.Names, t.Types, t.Cols = append(t.Names, name), append(t.Types, typ), append(t.Cols, result.NewData(typ, 0))
	}
	for _, d := range q.Dims {
		add(d.Name, d.Type(rel))
	}
	for _, m := range q.Measures {
		add(m.Name, m.Type(rel))
	}
	return t
}

// newScores returns the empty answer to a scoring; its sums are integers, money in 10⁻⁴.
func newScores(s query.Scoring) *query.Table {
	t := &query.Table{Name: s.Query.Name}
	for _, name := range sqlgen.ScoringColumns(s) {
		t.Names, t.Types, t.Cols = append(t.Names, name), append(t.Types, expr.Int), append(t.Cols, result.NewData(expr.Int, 0))
	}
	return t
}

// maxText bounds the text of one column of an answer, whose offsets are 32 bits.
const maxText = math.MaxInt32

// appendRecord appends a batch of the server's answer.
func appendRecord(t *query.Table, rec arrow.Record) error {
	if int(rec.NumCols()) != len(t.Cols) {
		return fault.New(fault.Internal, "reading Spark's answer to %s: %d columns instead of %d", t.Name, rec.NumCols(), len(t.Cols))
	}
	for i := range t.Cols {
		if err := appendColumn(&t.Cols[i], rec.Column(i)); err != nil {
			return fault.Wrap(err, "reading Spark's answer to %s, column %s", t.Name, t.Names[i])
		}
	}
	t.N += int(rec.NumRows())
	return nil
}

func appendColumn(c *frame.Column, a arrow.Array) error {
	for i := range a.Len() {
		if a.IsNull(i) {
			result.AppendNull(c)
			continue
		}
		switch a := a.(type) {
		case *array.String:
			if c.Kind != frame.String {
				return unexpected(c, a)
			}
			if len(c.Data)+len(a.Value(i)) > maxText {
				return fault.New(fault.Full, "more than 2 GiB of text").WithHint("ask for fewer rows, or let Spark write them: -o hdfs://HOST:PORT/FOLDER/")
			}
			result.AppendText(c, a.Value(i))
		case *array.Float64:
			if c.Kind != frame.Float {
				return unexpected(c, a)
			}
			result.AppendFloat(c, a.Value(i))
		case *array.Int64, *array.Int32, *array.Boolean:
			if c.Kind == frame.String || c.Kind == frame.Float {
				return unexpected(c, a)
			}
			result.AppendInt(c, whole(a, i))
		default:
			return unexpected(c, a)
		}
	}
	return nil
}

// whole is a value of an integer or boolean column.
func whole(a arrow.Array, i int) int64 {
	switch a := a.(type) {
	case *array.Int64:
		return a.Value(i)
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Boolean:
		if a.Value(i) {
			return 1
		}
	}
	return 0
}

func unexpected(c *frame.Column, a arrow.Array) error {
	return fault.New(fault.Internal, "%s values for %s", a.DataType(), c.Type)
}

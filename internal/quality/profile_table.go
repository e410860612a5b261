package quality

import (
	"math"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/result"
)

// ProfileSpecs are the result columns of `profile` and `inspect`.
var ProfileSpecs = []result.Spec{
	{Name: "column", Type: expr.Text, Desc: "Name of the column in the input"},
	{Name: "type", Type: expr.Text, Desc: "Type as stored, or as recognised in text"},
	{Name: "rows", Type: expr.Int, Unit: result.Rows, Desc: "Rows read"},
	{Name: "nulls", Type: expr.Int, Unit: result.Rows, Desc: "Rows without a value; NaN and infinities count as null", Null: "the column is nested"},
	{Name: "distinct", Type: expr.Int, Desc: "Different values, exact", Null: "the column is nested"},
	{Name: "min", Type: expr.Text, Desc: "Least value; text compares by bytes", Null: "there are no values"},
	{Name: "max", Type: expr.Text, Desc: "Greatest value", Null: "there are no values"},
	{Name: "mean", Type: expr.Float, Desc: "Arithmetic mean", Null: "not a number, or no values"},
	{Name: "stddev", Type: expr.Float, Desc: "Standard deviation of a sample (n − 1)", Null: "not a number, or fewer than two values"},
	{Name: "p50", Type: expr.Float, Desc: "Median (type 7)", Null: "not a number, or no values"},
	{Name: "p95", Type: expr.Float, Desc: "95th percentile (type 7)", Null: "not a number, or no values"},
	{Name: "top", Type: expr.Text, Desc: "Most frequent value with its rows in brackets, the least of equally frequent ones", Null: "no value repeats"},
}

// newTable makes an empty result of the given columns.
func newTable(name string, specs []result.Spec, n int) *result.Table {
	t := &result.Table{Name: name, Columns: make([]result.Column, len(specs)), N: n}
	for i, s := range specs {
		t.Columns[i] = result.Column{Spec: s, Data: result.NewData(s.Type, n)}
	}
	return t
}

// Table returns the profile as a result: one row a column of the input.
func (p *Profile) Table() *result.Table {
	t := newTable("profile", ProfileSpecs, len(p.Columns))
	for i := range p.Columns {
		c := &p.Columns[i]
		text := func(k int, v string, ok bool) {
			if ok {
				result.AppendText(&t.Columns[k].Data, v)
			} else {
				result.AppendNull(&t.Columns[k].Data)
			}
		}
		number := func(k int, v float64) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				result.AppendNull(&t.Columns[k].Data)
			} else {
				result.AppendFloat(&t.Columns[k].Data, v)
			}
		}
		count := func(k int, v int64) {
			if c.nested && k > 2 {
				result.AppendNull(&t.Columns[k].Data)
			} else {
				result.AppendInt(&t.Columns[k].Data, v)
			}
		}
		text(0, c.Name, true)
		text(1, c.TypeName, true)
		count(2, c.Rows)
		count(3, c.Nulls)
		count(4, c.Distinct)
		text(5, c.Min, c.Distinct > 0)
		text(6, c.Max, c.Distinct > 0)
		number(7, c.Mean)
		number(8, c.StdDev)
		number(9, c.P50)
		number(10, c.P95)
		text(11, c.Top+" ("+strconv.FormatInt(c.TopCount, 10)+")", c.TopCount > 1 || c.Distinct == 1)
	}
	return t
}

package analysis

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// printer returns the words of the request's language and currency; without a
// stated currency the data's only one is the label.
func (r *Request) printer(a *query.Answer) phrase.Printer {
	p := phrase.Printer{Lang: r.Lang, Currency: r.Currency}
	if c := a.Account.Currencies; p.Currency == "" && len(c) == 1 {
		p.Currency = phrase.Name(c[0].Reason, 8)
	}
	return p
}

// tableNamed returns the answer's table of a query name, or nil.
func tableNamed(a *query.Answer, name string) *query.Table {
	for _, t := range a.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// valueAt returns row i of an integer-like column, 0 where it is null or the
// column is missing. Sums beyond 64 bits are refused before pages are made.
func valueAt(c *frame.Column, i int) int64 {
	if c == nil || c.IsNull(i) {
		return 0
	}
	switch {
	case c.Kind == frame.Float:
		return int64(c.F64[i])
	case c.I64 == nil:
		return 0
	}
	return c.I64[i]
}

// floatAt returns row i of a numeric column, 0 where it is null or missing.
func floatAt(c *frame.Column, i int) float64 {
	if c == nil || c.IsNull(i) {
		return 0
	}
	if c.Kind == frame.Float {
		return c.F64[i]
	}
	return float64(c.I64[i])
}

// textAt returns row i of a column as text for people; ok is false for null.
func textAt(c *frame.Column, i int) (s string, ok bool) {
	if c == nil || c.IsNull(i) {
		return "", false
	}
	switch c.Kind {
	case frame.String:
		return string(c.Str(i)), true
	case frame.Int, frame.Bool:
		return itoa(c.I64[i]), true
	case frame.Float:
		return ftoa(c.F64[i]), true
	case frame.Date:
		return dateText(c.I64[i]), true
	}
	return itoa(c.I64[i]), true
}

// nothingSold is the empty state of a section without sold lines; "" when there are some.
func nothingSold(p phrase.Printer, a *query.Answer) string {
	if rows, _ := a.Account.Of(relation.Sold); rows > 0 {
		return ""
	}
	return p.Pick("No sold line is in scope: widen --from, --to or --where, or see under Data quality why rows do not count.",
		"范围内没有已售明细：请放宽 --from、--to 或 --where，或在“数据质量”中查看原因。")
}

// wide refuses sums that do not fit 64 bits of 10⁻⁴ units (9 × 10¹⁴ in money): a
// page must not show a wrapped number.
func wide(tables ...*query.Table) error {
	for _, t := range tables {
		if t == nil {
			continue
		}
		for i := range t.Cols {
			c := &t.Cols[i]
			if c.Kind == frame.Decimal && c.I64 == nil && t.N > 0 {
				return fault.New(fault.Input, "making the report: sums of %s in %s pass 9·10¹⁴", t.Names[i], t.Name)
			}
		}
	}
	return nil
}

// tableBuilder fills a result table row by row.
type tableBuilder struct {
	t *result.Table
}

func newTable(name string, specs ...result.Spec) *tableBuilder {
	t := &result.Table{Name: name}
	for _, s := range specs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, 16)})
	}
	return &tableBuilder{t}
}

// row appends values in the order of the columns: nil = null, string, int64,
// int, float64, bool.
func (b *tableBuilder) row(values ...any) {
	for i, v := range values {
		c := &b.t.Columns[i].Data
		switch v := v.(type) {
		case nil:
			result.AppendNull(c)
		case string:
			result.AppendText(c, v)
		case int64:
			result.AppendInt(c, v)
		case int:
			result.AppendInt(c, int64(v))
		case float64:
			if v != v {
				result.AppendNull(c)
			} else {
				result.AppendFloat(c, v)
			}
		case bool:
			n := int64(0)
			if v {
				n = 1
			}
			result.AppendInt(c, n)
		}
	}
	b.t.N++
}

// Column specs of the tables behind figures.
func textSpec(name, desc string) result.Spec {
	return result.Spec{Name: name, Type: expr.Text, Desc: desc, Null: "unknown"}
}

func moneySpec(name, desc string) result.Spec {
	return result.Spec{Name: name, Type: expr.Money, Unit: result.Money, Desc: desc}
}

func countSpec(name string, unit result.Unit, desc string) result.Spec {
	return result.Spec{Name: name, Type: expr.Int, Unit: unit, Desc: desc}
}

func ratioSpec(name, desc string) result.Spec {
	return result.Spec{Name: name, Type: expr.Float, Unit: result.Ratio, Desc: desc, Null: "no base"}
}

// unknown names a null of the data on pages.
func unknown(p phrase.Printer) string { return p.Pick("unknown", "未知") }

// moneyFormat writes money values that charts hold as plain numbers.
func moneyFormat(p phrase.Printer) func(float64) string {
	return func(v float64) string { return p.MoneyShort(int64(v * phrase.MoneyScale)) }
}

func percentFormat(p phrase.Printer) func(float64) string {
	return func(v float64) string { return p.Percent(v) }
}

// plain converts exact money for a chart.
func plain(m int64) float64 { return float64(m) / phrase.MoneyScale }

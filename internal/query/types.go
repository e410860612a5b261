package query

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Type is the type of the dimension's column in the answer of an engine that takes its query to rel.
func (d *Dim) Type(rel *relation.Relation) expr.Type { return d.Cut.of(columnType(rel, d.Column)) }

// Type is the type of the measure's column in the answer.
func (m *Measure) Type(rel *relation.Relation) expr.Type {
	switch m.Op {
	case Count, CountDistinct:
		return expr.Int
	case Mean, Quantile:
		return expr.Float
	case Min, Max:
		return m.Cut.of(columnType(rel, m.Column))
	}
	if t := columnType(rel, m.Column); t != expr.Bool {
		return t
	}
	return expr.Int
}

// columnType is the type of a column of the relation; what is none of them is money.
func columnType(rel *relation.Relation, name string) expr.Type {
	if i := rel.Find(name); i >= 0 {
		return rel.Columns[i].Type
	}
	return expr.Money
}

// of is the type of a cut of values of a type.
func (c Cut) of(t expr.Type) expr.Type {
	switch c {
	case NoCut:
		return t
	case Hour:
		return expr.Time
	case HourOfDay, Weekday, MonthOfYear:
		return expr.Int
	}
	return expr.Date
}

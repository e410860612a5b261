package flink

import (
	"slices"
	"strings"
	"unicode"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// Specs tells what a sample of the records told about a member.
type Specs interface {
	source.Dataset
	Spec(col int) *value.Spec
}

// records is what Flink's side of a relation reads.
type records struct {
	rel     *relation.Relation // over the columns of sqlgen.Records
	members []sqlgen.Member
	at      sqlgen.Member // that holds the time
}

// refuse says what Flink cannot honour.
func refuse(format string, args ...any) *fault.Error {
	return fault.New(fault.Usage, "--engine flink: "+format, args...).WithHint("`ecomctl stream` without --engine flink can")
}

// readable lists the members that a relation reads, and makes the relation over their values: mapped columns, and those
// that are named besides. Rows of the future are told by the clock of the job, not by the moment at which it is started.
func readable(rel *relation.Relation, sample Specs, named []string) (*records, error) {
	if len(rel.Joins) > 0 || rel.Rates != nil {
		return nil, refuse("tables beside the orders, and rates")
	}
	out := *rel
	out.Columns, out.Canonical = nil, 0
	r := &records{rel: &out}
	var fields []arrow.Field
	for i, c := range rel.Columns {
		mapped := i < rel.Canonical
		if !mapped && !slices.Contains(named, c.Name) {
			continue
		}
		if c.Const == nil {
			m, err := member(&c, sample, rel.Zone)
			if err != nil {
				return nil, err
			}
			m.Mapped = mapped
			if same := slices.IndexFunc(r.members, func(o sqlgen.Member) bool { return o.Name == m.Name }); same < 0 {
				r.members = append(r.members, m)
				fields = append(fields, arrow.Field{Name: m.Name, Type: arrowType(m.Type), Nullable: true})
			} else if r.members[same].Type != m.Type {
				return nil, refuse("member %q as two columns of different types", m.Name)
			}
			c.Layout, c.Integer = "", false
			if c.Name == relation.OrderTS {
				r.at = m
			}
		}
		out.Columns = append(out.Columns, c)
		if mapped {
			out.Canonical++
		}
	}
	if r.at.Name == "" || r.at.Type != expr.Time {
		return nil, fault.New(fault.Usage, "the records have no order_ts").WithHint("windows need the time of each order: map it with --map order_ts=MEMBER")
	}
	fields = append(fields, arrow.Field{Name: sqlgen.Unreadable, Type: arrow.FixedWidthTypes.Boolean}, arrow.Field{Name: sqlgen.Latest, Type: wall})
	out.Columns = append(out.Columns, relation.Column{Name: sqlgen.Unreadable, From: sqlgen.Unreadable, Type: expr.Bool}, relation.Column{Name: sqlgen.Latest, From: sqlgen.Latest, Type: expr.Time})
	out.Fact = typed{rel.Fact, arrow.NewSchema(fields, nil)}
	out.Rules = rules(rel.Rules)
	return r, nil
}

// rules replaces those that depend on how values were read and on the clock.
func rules(list []relation.Rule) []relation.Rule {
	if len(list) == 0 { // --no-clean: what cannot be read is null
		return nil
	}
	out := slices.Clone(list)
	for i := range out {
		switch u := &out[i]; {
		case u.Test == relation.TestBad:
			u.Test, u.When = relation.TestExpr, expr.Col(sqlgen.Unreadable)
		case u.Test == relation.TestAfter && u.Name == clean.Future:
			u.Test, u.When = relation.TestExpr, expr.Gt(expr.Col(u.Column), expr.Col(sqlgen.Latest))
		}
	}
	return out
}

// member says how a column is read of its member.
func member(c *relation.Column, sample Specs, zone string) (m sqlgen.Member, err error) {
	if c.Else != "" {
		return m, refuse("member %q with %q where it is empty", c.From, c.Else)
	}
	at := sample.Schema().FieldIndices(c.From)
	if len(at) != 1 || frame.KindOf(sample.Schema().Field(at[0]).Type) == frame.Nested || c.Type == expr.Unknown {
		return m, refuse("member %q, which holds objects or lists", c.From)
	}
	if strings.ContainsFunc(c.From, unicode.IsControl) { // its parser wants names on one line
		return m, refuse("member %q, whose name has control characters", c.From)
	}
	spec := sample.Spec(at[0])
	m = sqlgen.Member{Name: c.From, Type: c.Type, NullWords: spec.NullWords}
	if c.Type != expr.Time && c.Type != expr.Date {
		return m, nil
	}
	switch {
	case spec.Kind == frame.Int && c.Layout == "" && c.Type == expr.Time:
		m.Unix = true
	case spec.Layout != nil && spec.Layout.String(false) == "2006-01-02" && (spec.Kind == frame.Time || spec.Kind == frame.Date) && (c.Layout == "" || c.Layout == spec.Layout.String(true)):
		m.Zone = spec.Zone
	default:
		return m, refuse("times of member %q, which are not written as 2006-01-02 15:04:05, with T or an offset or without, or as numbers since 1970", c.From)
	}
	if (m.Zone || m.Unix) && zone != "" && zone != "UTC" {
		return m, refuse("--tz %s for times with an offset (member %q): calendars of zones are computed here, not by Flink", zone, c.From)
	}
	return m, nil
}

var wall = &arrow.TimestampType{Unit: arrow.Microsecond}

// arrowType is the type of the values of sqlgen.Records.
func arrowType(t expr.Type) arrow.DataType {
	switch t {
	case expr.Int:
		return arrow.PrimitiveTypes.Int64
	case expr.Float:
		return arrow.PrimitiveTypes.Float64
	case expr.Bool:
		return arrow.FixedWidthTypes.Boolean
	case expr.Time:
		return wall
	case expr.Date:
		return arrow.FixedWidthTypes.Date32
	}
	return arrow.BinaryTypes.String
}

// typed is a dataset whose columns are values already.
type typed struct {
	source.Dataset
	schema *arrow.Schema
}

func (t typed) Schema() *arrow.Schema { return t.schema }

// Inputs says that the values are typed, whatever the format of the sample is.
func (t typed) Inputs() []source.Input { return []source.Input{{URI: "flink", Format: "flink"}} }

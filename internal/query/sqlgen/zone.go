package sqlgen

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// change is an instant at which a zone's offset changes, in microseconds.
type change struct{ at, off int64 }

// lastYear ends the list of a zone's changes.
const lastYear = 2200

// wall turns instants (microseconds) of a raw column of the fact table into wall time of the relation's zone: a
// binary search written as CASE over the zone's changes, of which only those within the column's span are needed.
func (r *rows) wall(x term, raw string) term {
	first, list := r.changes()
	span, known := r.tables.Spans[raw]
	d, guards := r.d.(guarded)
	if !known || !guards {
		return r.f("%s + %s", x, r.search(x, first, list))
	}
	first, list = span.within(first, list)
	outside := term{s: d.Fail("the input has times that were not there when it was first looked at: it has changed meanwhile"), step: x.step, atom: true}
	return r.f("%s + CASE WHEN %s < %s OR %s > %s THEN %s ELSE %s END", x, x, r.int(span.Least), x, r.int(span.Greatest), outside, r.search(x, first, list))
}

// guarded is a dialect that can end a statement.
type guarded interface {
	// Fail is an integer that ends the statement with a message where it is computed.
	Fail(message string) string
}

// changes are those of the relation's zone.
func (r *rows) changes() (first int64, list []change) {
	loc, err := time.LoadLocation(r.rel.Zone)
	if err != nil {
		r.fail(fault.New(fault.Usage, "reading time zone %q: %w", r.rel.Zone, err))
		return 0, nil
	}
	return changes(loc)
}

// Span bounds the instants of a column in microseconds, both ends included.
type Span struct{ Least, Greatest int64 }

// Widen returns the span with a month more at either end, for rows that come while it is used.
func (s Span) Widen() Span {
	const month = 31 * dayMicros
	return Span{max(s.Least, math.MinInt64+month) - month, min(s.Greatest, math.MaxInt64-month) + month}
}

// within leaves the changes out that no instant of the span needs.
func (s Span) within(first int64, list []change) (int64, []change) {
	for len(list) > 0 && list[0].at <= s.Least {
		first, list = list[0].off, list[1:]
	}
	for len(list) > 0 && list[len(list)-1].at > s.Greatest {
		list = list[:len(list)-1]
	}
	return first, list
}

// fewChanges are no reason to ask for a span: a zone that has given changes of clocks up has some of before.
const fewChanges = 16

// ZonedColumns names the raw columns of the fact table whose spans shorten the statements: instants that are brought to a zone
// of many changes.
func ZonedColumns(rel *relation.Relation) (out []string) {
	r := &rows{printer: newPrinter(Spark), rel: rel}
	if rel.Zone == "" || rel.Zone == "UTC" {
		return nil
	}
	if _, list := r.changes(); len(list) <= fewChanges {
		return nil
	}
	for i := range rel.Columns {
		c := &rel.Columns[i]
		f, ok := rel.Fact.Schema().FieldsByName(c.From)
		if c.Join != 0 || c.Const != nil || !ok || len(f) != 1 || slices.Contains(out, c.From) {
			continue
		}
		if ts, is := f[0].Type.(*arrow.TimestampType); is && ts.Unit == arrow.Microsecond && ts.TimeZone != "" {
			out = append(out, c.From)
		}
	}
	return out
}

// SparkSpans prints one row with the least and the greatest instant of each of these columns.
func SparkSpans(rel *relation.Relation, tables Tables, columns []string) (string, error) {
	r := newRows(Spark, rel, tables)
	var list []string
	for i, name := range columns {
		f, ok := rel.Fact.Schema().FieldsByName(name)
		if !ok {
			return "", fault.New(fault.Internal, "asking for the span of %q, which is not there", name)
		}
		x := r.source(0, name, f[0].Type)
		list = append(list, fmt.Sprintf("MIN(%s) AS `least %d`, MAX(%s) AS `greatest %d`", x, i, x, i))
	}
	return "SELECT " + strings.Join(list, ", ") + "\n" + r.from + "\n", r.err
}

// changes lists all changes of a zone up to lastYear, and the offset before the first.
func changes(loc *time.Location) (first int64, list []change) {
	at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).In(loc)
	_, sec := at.Zone()
	first = int64(sec) * 1e6
	last := sec
	for {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.Year() > lastYear {
			return first, list
		}
		if !end.After(at) {
			// Package time knows intervals that end where they begin, at turns of years
			// described by a rule. Nothing changes there.
			at = at.Add(time.Hour)
			continue
		}
		at = end
		if _, sec := end.Zone(); sec != last {
			last = sec
			list = append(list, change{end.UnixMicro(), int64(sec) * 1e6})
		}
	}
}

func (r *rows) search(x term, before int64, list []change) term {
	if len(list) == 0 {
		return r.int(before)
	}
	mid := len(list) / 2
	lo, hi := r.search(x, before, list[:mid]), r.search(x, list[mid].off, list[mid+1:])
	if lo.s == hi.s {
		return lo
	}
	return term{s: "CASE WHEN " + x.s + " < " + r.int(list[mid].at).s + " THEN " + lo.s + " ELSE " + hi.s + " END", step: x.step}
}

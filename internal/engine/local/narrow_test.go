package local

import (
	"context"
	"math"
	"reflect"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// keeper is a database that notes what it is asked to leave, and gives some of its rows.
type keeper struct {
	source.Dataset
	asked string
	gives source.Dataset
}

func (k *keeper) Select(_ context.Context, keep expr.Node, span int) (*source.Selection, error) {
	k.asked = expr.Format(keep)
	return &source.Selection{Dataset: k.gives, Rows: 3, Min: 5 * dayUS, Max: 9 * dayUS}, nil
}

// soldLines is a table of three rows, of which part keeps the last; the last has no time.
func soldLines(part bool) *memtest.Dataset {
	at := &arrow.TimestampType{Unit: arrow.Microsecond}
	d := memtest.New([]string{"order_ts", "amount", "region", "currency"}, memtest.Column(at, 5*dayUS, 9*dayUS, nil), memtest.Column(arrow.PrimitiveTypes.Int64, int64(1), int64(2), int64(4)),
		memtest.Column(arrow.BinaryTypes.String, "SP", "RJ", "SP"), memtest.Column(arrow.BinaryTypes.String, "BRL", "BRL", "BRL"))
	if part {
		d = memtest.New(d.Names, memtest.Column(at, nil), memtest.Column(arrow.PrimitiveTypes.Int64, int64(4)), memtest.Column(arrow.BinaryTypes.String, "SP"), memtest.Column(arrow.BinaryTypes.String, "BRL"))
	}
	return d
}

// A database is asked for what all queries of a plan have in common, and only where no row is owed to the account.
func TestNarrow(t *testing.T) {
	region, pricey := expr.Eq(expr.Col("region"), expr.Lit("SP")), expr.Gt(expr.Col("amount"), expr.Lit(3))
	count := []query.Measure{{Name: "n", Op: query.Count}}
	first := []query.Dim{{Name: "d", Column: "order_ts", Cut: query.Day, FirstPer: "amount"}}
	for name, c := range map[string]struct {
		plan query.Plan
		rel  func(*relation.Relation)
		want string
	}{
		"condition":     {plan: query.Plan{Queries: []query.Query{{Where: region, Measures: count}}}, want: "region = 'SP'"},
		"what all ask":  {plan: query.Plan{Queries: []query.Query{{Where: expr.And(pricey, region), Measures: count}, {Where: expr.And(region, expr.NotNull(expr.Col("amount"))), Measures: count}}}, want: "region = 'SP'"},
		"guests only":   {plan: query.Plan{Queries: []query.Query{{Where: expr.NotNull(expr.Col("region")), Measures: count}}}},
		"guests, too":   {plan: query.Plan{Queries: []query.Query{{Where: expr.And(expr.NotNull(expr.Col("amount")), region), Measures: count}}}, want: "amount is not null and region = 'SP'"},
		"one asks all":  {plan: query.Plan{Queries: []query.Query{{Where: region, Measures: count}, {Measures: count}}}},
		"groupings too": {plan: query.Plan{Queries: []query.Query{{Where: region, Measures: count}}, Groupings: []query.Grouping{{Key: "region", Item: "amount", Where: pricey, From: query.MinTime, To: query.MaxTime}}}},
		"period":        {plan: query.Plan{Queries: []query.Query{{From: dayUS, To: 2 * dayUS, Measures: count}, {From: 0, To: dayUS, Measures: count}}}, want: "order_ts >= timestamp '1970-01-01 00:00:00' and order_ts < timestamp '1970-01-03 00:00:00'"},
		"first of each": {plan: query.Plan{Queries: []query.Query{{Where: region, From: dayUS, To: 2 * dayUS, Measures: count, Dims: first}}}, want: "order_ts < timestamp '1970-01-03 00:00:00'"},
		"rules": {plan: query.Plan{Queries: []query.Query{{Where: region, Measures: count}}}, rel: func(r *relation.Relation) {
			r.Rules = []relation.Rule{{Name: "x", Kind: relation.Reject, When: pricey}}
		}},
		"as-of":           {plan: query.Plan{Queries: []query.Query{{Where: region, Measures: count}}}, rel: func(r *relation.Relation) { r.AsOf = 8 * dayUS }},
		"duplicates":      {plan: query.Plan{Queries: []query.Query{{Where: region, Measures: count}}}, rel: func(r *relation.Relation) { r.Dedupe = true }},
		"nulls":           {plan: query.Plan{Queries: []query.Query{{Where: region, Measures: count}}, Nulls: true}},
		"another clock":   {plan: query.Plan{Queries: []query.Query{{Where: region, Measures: count}}}, rel: func(r *relation.Relation) { r.Columns[0].Layout = "unix" }},
		"a wrong request": {plan: query.Plan{Queries: []query.Query{{Where: expr.Eq(expr.Col("nothing"), expr.Lit(1)), Measures: count}}}},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{Dataset: soldLines(false), gives: soldLines(false)}
			rel := soldRelation(k)
			if c.rel != nil {
				c.rel(rel)
			}
			if _, _, err := prune(context.Background(), rel, c.plan); err != nil || k.asked != c.want {
				t.Errorf("asked %q, want %q (%v)", k.asked, c.want, err)
			}
		})
	}
}

func soldRelation(d source.Dataset) *relation.Relation {
	return &relation.Relation{Name: "orders", Fact: d, Zone: "UTC", AsOf: math.MaxInt64, Canonical: 4, Columns: []relation.Column{{Name: "order_ts", Type: expr.Time, From: "order_ts"},
		{Name: "amount", Type: expr.Int, From: "amount"}, {Name: "region", Type: expr.Text, From: "region"}, {Name: "currency", Type: expr.Text, From: "currency"}}}
}

// What the database has otherwise than the relation is marked, and what --currency leaves out must be read to be told.
func TestNarrowMarksColumns(t *testing.T) {
	rel := soldRelation(soldLines(false))
	one := "1"
	rel.Columns = append(rel.Columns, relation.Column{Name: "fixed", Type: expr.Int, Const: &one}, relation.Column{Name: "joined", Type: expr.Text, From: "region", Join: 1},
		relation.Column{Name: "whole", Type: expr.Int, From: "region"}, relation.Column{Name: "either", Type: expr.Text, From: "region", Else: "currency"})
	for name, want := range map[string]int{"order_ts": 0, "amount": 1, "region": 2, "currency": -1, "fixed": -1, "joined": -1, "whole": -1, "either": -1, relation.MoneyColumn: -1} {
		if at, _, ok := (visible{rel}).lookup(name); at != want || !ok {
			t.Errorf("%s is at %d, want %d", name, at, want)
		}
	}
	zoned := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	if same(expr.Time, zoned, "Asia/Shanghai") || !same(expr.Time, zoned, "UTC") || same(expr.Text, arrow.PrimitiveTypes.Int64, "UTC") || same(expr.Int, &arrow.Decimal128Type{Precision: 20}, "UTC") {
		t.Error("an instant is wall time in UTC only, and numbers are no texts")
	}
}

// The account tells of all rows, also when the rows that are read have no time.
func TestNarrowAccount(t *testing.T) {
	plan := query.Plan{Queries: []query.Query{{Name: "q", Where: expr.Gt(expr.Col("amount"), expr.Lit(3)), Measures: []query.Measure{{Name: "n", Op: query.Count}}}}}
	k := &keeper{Dataset: soldLines(false), gives: soldLines(true)}
	got, err := New(Options{}).Run(context.Background(), soldRelation(k), plan)
	if err != nil {
		t.Fatal(err)
	}
	want, err := New(Options{}).Run(context.Background(), soldRelation(soldLines(false)), plan)
	if err != nil {
		t.Fatal(err)
	}
	n := func(a *query.Answer) []frame.Column { return a.Tables[0].Cols }
	if !reflect.DeepEqual(n(got)[0].I64, n(want)[0].I64) {
		t.Errorf("%v, want %v", n(got)[0].I64, n(want)[0].I64)
	}
	if a, b := got.Account, want.Account; a.Rows != 3 || a.Skipped != 2 || b.Skipped != 0 || a.FirstSold != b.FirstSold || a.LastSold != b.LastSold {
		t.Errorf("account %+v, want %+v", a, b)
	}
}

// Ranges without rows have no times, and a pruned file of which nothing with a time is read keeps its own.
func TestPruneEmptySplits(t *testing.T) {
	at := &arrow.TimestampType{Unit: arrow.Microsecond}
	d := memtest.New([]string{"order_ts", "amount"}, memtest.Column(at, 2*dayUS, 4*dayUS), memtest.Column(arrow.PrimitiveTypes.Int64, int64(1), int64(2)))
	d.Cuts = []int{1, 1}
	rel := soldRelation(timedSplits{d})
	rel.Columns, rel.Canonical = rel.Columns[:2], 2
	plan := query.Plan{Queries: []query.Query{{Name: "q", From: 4 * dayUS, To: 5 * dayUS, Measures: []query.Measure{{Name: "n", Op: query.Count}}}}}
	ans, err := New(Options{}).Run(context.Background(), rel, plan)
	if err != nil {
		t.Fatal(err)
	}
	if ac := ans.Account; ac.Rows != 2 || ac.Skipped != 1 || ac.FirstSold != 2*dayUS || ac.LastSold != 4*dayUS {
		t.Errorf("account %+v", ac)
	}
}

// timedSplits has statistics, which of empty splits are zeros.
type timedSplits struct{ *memtest.Dataset }

func (s timedSplits) Splits() (out []source.Split) {
	for i, sp := range s.Dataset.Splits() {
		out = append(out, timedSplit{sp, [...]int64{2 * dayUS, 0, 4 * dayUS}[i]})
	}
	return out
}

type timedSplit struct {
	source.Split
	at int64
}

func (s timedSplit) Stats(col int) (source.Stats, bool) {
	return source.Stats{MinI64: s.at, MaxI64: s.at}, col == 0
}

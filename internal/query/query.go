// Package query holds questions as data: what is grouped by what and measured
// how. Engines answer them or refuse, naming what they cannot; analyses only
// ever speak this language.
//
// Meaning that engines must share is pinned here: nulls sort last and form a
// group of their own; text compares by bytes; calendar cuts are wall time in
// the relation's zone, weeks start on Monday; quantiles are type 7; distinct
// counts are exact; answers come sorted by their dimensions.
package query

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Cut is a calendar cut of a time column.
type Cut uint8

// The cuts. Hour to Year give the start of the period (Hour: Time; others:
// Date); HourOfDay 0–23, Weekday 1 (Monday) – 7, MonthOfYear 1–12 give integers.
const (
	NoCut Cut = iota
	Hour
	Day
	Week
	Month
	Quarter
	Year
	HourOfDay
	Weekday
	MonthOfYear
)

var cutNames = [...]string{"", "hour", "day", "week", "month", "quarter", "year", "hour_of_day", "weekday", "month_of_year"}

// String returns the name used on the command line.
func (c Cut) String() string { return cutNames[c] }

// ParseCut returns the cut of a name; ok is false for any other word.
func ParseCut(name string) (c Cut, ok bool) {
	for i, n := range cutNames {
		if n == name && n != "" {
			return Cut(i), true
		}
	}
	return NoCut, false
}

// Dim is one dimension of a query.
type Dim struct {
	Name   string // in the answer
	Column string // column of the relation
	Cut    Cut    // for Time and Date columns
	// FirstPer, when set, makes the dimension the least value among all rows of the
	// query's scope before To that share the same FirstPer column: the cohort of
	// a customer is {Column: order_ts, Cut: Month, FirstPer: customer_id}. Where and From do not
	// limit that search. Rows whose FirstPer is null are left out.
	FirstPer string
	// FirstScope are the kinds of rows among which FirstPer searches; 0 = the query's scope.
	FirstScope relation.Kinds
}

// SearchScope returns the kinds of rows among which FirstPer searches in a query of
// the given scope.
func (d *Dim) SearchScope(scope relation.Kinds) relation.Kinds {
	if d.FirstScope != 0 {
		return d.FirstScope
	}
	return scope
}

// Op is how a measure folds the rows of a group.
type Op uint8

// The operators. Min, Max, Mean and Quantile skip nulls; Count without a column
// counts rows, with one its non-null values; CountDistinct skips nulls.
const (
	Sum Op = iota
	Count
	CountDistinct
	Min
	Max
	Mean
	Quantile
)

// String returns the name used on the command line and in SQL comments.
func (o Op) String() string {
	return [...]string{"sum", "count", "distinct", "min", "max", "mean", "quantile"}[o]
}

// Measure is one measure of a query.
type Measure struct {
	Name   string // in the answer
	Op     Op
	Column string         // "" only for Count; relation.MoneyColumn for money
	Cut    Cut            // of a Time column before folding (max day, distinct days)
	P      float64        // Quantile: 0..1
	Scope  relation.Kinds // kinds of rows this measure folds; 0 = the query's
}

// NoTime bounds an open period.
const (
	MinTime = int64(math.MinInt64)
	MaxTime = int64(math.MaxInt64)
)

// Query groups the rows of a relation.
type Query struct {
	Name     string
	Scope    relation.Kinds // rows that make groups; 0 = Sold only
	Where    expr.Node      // nil = all
	From, To int64          // [From, To) on order_ts in µs of the zone's wall time; To 0 = MaxTime (see Normal)
	Dims     []Dim
	Measures []Measure
}

// Normal returns q with its zero values spelled out.
func (q Query) Normal() Query {
	if q.Scope == 0 {
		q.Scope = relation.Only(relation.Sold)
	}
	if q.To == 0 && q.From == 0 {
		q.From, q.To = MinTime, MaxTime
	}
	return q
}

// Grouping collects rows instead of folding them: the items of each basket, the
// products of each customer, the events of each user. Groups come sorted by
// key; within a group rows follow Order ascending (nulls last), and then their place in the
// input, which makes the order total. Null keys and null items are left out.
type Grouping struct {
	Name     string
	Scope    relation.Kinds
	Where    expr.Node
	From, To int64
	Key      string
	Item     string
	Distinct bool     // each item once a group (its first row's values)
	Order    []string // columns
	Values   []string // columns returned beside each item; texts as ranks, see Groups
	Codes    []string // columns of any type returned beside each item as codes of their values
}

// Scoring asks how the groups of a query score against each other, and folds the groups by their scores: the groups themselves, which may be
// as many as there are customers, stay with the engine. A score is 1 + ⌊Steps × (groups with a lesser value) / N⌋. Only engines that are a
// engine.Scorer answer it.
type Scoring struct {
	Query Query
	Steps int64
	By    []string // measures of Query, integers or money, by each of which groups are scored
}

// Plan is everything asked of one scan.
type Plan struct {
	Queries   []Query
	Groupings []Grouping
	Scorings  []Scoring
	// Duplicates asks to count exact duplicates (all canonical columns equal,
	// verified by value).
	Duplicates bool
	// Nulls asks for null counts of the canonical columns over all rows.
	Nulls bool
}

// Table answers a Query: one frame column a dimension, then one a measure, N
// rows sorted by the dimensions. Money is Decimal with scale 4; Time columns are
// microseconds.
type Table struct {
	Name  string
	Names []string
	Types []expr.Type
	Cols  []frame.Column
	N     int
}

// Col returns the named column, or nil.
func (t *Table) Col(name string) *frame.Column {
	for i, n := range t.Names {
		if n == name {
			return &t.Cols[i]
		}
	}
	return nil
}

// Groups answers a Grouping in compressed rows: the items of group g are
// Items[Off[g]:Off[g+1]], codes into ItemKeys; Values are aligned with Items.
// ItemKeys is sorted, so codes compare as the items do. The value of a text is its rank
// from 0 among the distinct texts beside all rows of the groups: ranks compare as the texts do.
type Groups struct {
	Name     string
	Keys     frame.Column
	Off      []int64
	Items    []uint32
	ItemKeys frame.Column
	Values   [][]int64 // Float columns as math.Float64bits; NullValue where null
	// Codes are aligned with Items: codes into CodeKeys, which are sorted; NullCode where null.
	Codes    [][]uint32
	CodeKeys []frame.Column
}

// What stands for null in Groups.Values and in Groups.Codes.
const (
	NullValue = int64(math.MinInt64)
	NullCode  = uint32(math.MaxUint32)
)

// Reason counts the rows of one kind and reason. Money sums what could be
// computed; NoMoney counts the rows where it could not.
type Reason struct {
	Kind    relation.Kind
	Reason  string // rule name; for rows no rule took "sold"
	Rows    int64
	Money   int64 // 10⁻⁴ units
	NoMoney int64
}

// Account is the identity of docs/contract.md: where every input row went.
type Account struct {
	Rows    int64
	Reasons []Reason // every rule in order, also those with no rows; then sold
	// Free counts sold rows of price 0 (or amount 0).
	Free int64
	// FirstSold and LastSold bound order_ts of sold rows (µs, zone wall time); valid if Sold() > 0.
	FirstSold, LastSold int64
	// SoldSpans bounds order_ts of the sold rows of each split of the fact table: [first,
	// last], first > last where there are none. Nil where the engine does not tell. A later scan of
	// few days may leave out the other splits.
	SoldSpans [][2]int64
	// Late counts the outside rows of a relation without a stated as-of: voids and
	// reversals on days after the last sold line. Queries over such kinds still hold them;
	// who asks one states the as-of (LastSold's next day) and asks again.
	Late int64
	// Skipped counts rows of a trusted relation that were not read, because the file's
	// statistics put them outside the period asked about. They are in Rows, not in Reasons.
	Skipped int64
	// Duplicates counts rows that equal an earlier row, with their money; -1 when not asked.
	Duplicates      int64
	DuplicatesMoney int64
	// Nulls counts nulls by canonical column (parallel to Relation.Columns[:Canonical]), nil when not asked.
	Nulls []int64
	// Unmatched counts fact rows without partner, by join.
	Unmatched []int64
	// Unreadable tells, by canonical column, of values that were there and could not be read.
	Unreadable []relation.Unreadable
	// Currencies counts sold rows and money by currency when the column exists.
	Currencies []Reason
}

// Of returns rows and money of one kind.
func (a *Account) Of(k relation.Kind) (rows, money int64) {
	for _, r := range a.Reasons {
		if r.Kind == k {
			rows += r.Rows
			money += r.Money
		}
	}
	return rows, money
}

// Answer is what an engine returns for a Plan: tables and groups in the plan's order.
type Answer struct {
	Tables []*Table
	Groups []*Groups
	// Scored answers the Scorings: a row for all groups of equal scores, sorted by them. The columns are the scores under
	// the names of By, "groups" (how many), and "sum of " each of By.
	Scored  []*Table
	Account Account
}

package learner

import (
	"github.com/ecomctl/ecomctl/internal/kernel/classify"
	"github.com/ecomctl/ecomctl/internal/kernel/gbt"
	"github.com/ecomctl/ecomctl/internal/kernel/logit"
)

// Column is one feature: numbers, or codes of levels.
type Column struct {
	Name   string
	Values []float64 // numbers; NaN is missing. Nil for a categorical column
	Codes  []int32   // places in Levels; len(Levels) for other levels, −1 for missing
	Levels []string
}

// Table is features with labels.
type Table struct {
	Columns []Column
	Y       []bool
	// Groups, where not nil, names what each row belongs to (several rows of one user): a group is
	// never on both sides of a fold.
	Groups []int64
}

// trees returns the columns as package gbt takes them.
func trees(cols []Column) []gbt.Column {
	out := make([]gbt.Column, len(cols))
	for i, c := range cols {
		out[i] = gbt.Column{Values: c.Values, Codes: c.Codes, Levels: len(c.Levels)}
	}
	return out
}

// terms returns the columns as package logit takes them.
func terms(cols []Column) []logit.Column {
	out := make([]logit.Column, len(cols))
	for i, c := range cols {
		out[i] = logit.Column{Values: c.Values, Codes: c.Codes, Levels: len(c.Levels)}
	}
	return out
}

// labels picks the labels of rows.
func (t *Table) labels(rows []int32) []bool {
	out := make([]bool, len(rows))
	for i, r := range rows {
		out[i] = t.Y[r]
	}
	return out
}

// folds deals rows to k folds; the answer is parallel to rows.
func (t *Table) folds(rows []int32, k int, seed uint64) []uint8 {
	return classify.Folds(t.labels(rows), t.groups(rows), k, seed)
}

// groups picks the groups of rows; nil where each row is its own.
func (t *Table) groups(rows []int32) []int64 {
	if t.Groups == nil {
		return nil
	}
	out := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = t.Groups[r]
	}
	return out
}

// Split divides rows into those of a hold-out share, drawn by hash and the same of each
// class, and the others.
func (t *Table) Split(rows []int32, share float64, seed uint64) (train, test []int32) {
	test, train = apart(rows, classify.HoldOut(t.labels(rows), t.groups(rows), share, seed), 1)
	return train, test
}

// apart divides rows by fold.
func apart(rows []int32, fold []uint8, k int) (in, out []int32) {
	for i, r := range rows {
		if int(fold[i]) == k {
			in = append(in, r)
		} else {
			out = append(out, r)
		}
	}
	return in, out
}

// smaller counts the rows of the rarer class.
func (t *Table) smaller(rows []int32) int {
	n := 0
	for _, r := range rows {
		if t.Y[r] {
			n++
		}
	}
	return min(n, len(rows)-n)
}

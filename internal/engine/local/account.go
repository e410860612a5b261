package local

import (
	"maps"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// account adds up where the rows went.
func (a *attempt) account(ac *query.Account) error {
	var t relation.Tally
	for _, w := range a.workers {
		t.Merge(&w.rel.Tally)
	}
	ac.Late = t.Settle(a.prog)
	ac.Rows, ac.Free, ac.Unmatched, ac.Duplicates = t.Rows, t.Free, t.Unmatched, -1
	if a.plan.Duplicates {
		m, ok := a.dupSum.Money()
		if !ok {
			return fault.New(fault.Input, "the money of the duplicate rows passes 64 bits").WithHint("look for absurd prices with: ecomctl profile")
		}
		ac.Duplicates, ac.DuplicatesMoney = a.dupSum.Rows, m
	}
	if t.HasTime {
		ac.FirstSold, ac.LastSold = t.First, t.Last
	}
	ac.SoldSpans = a.spans
	for _, name := range slices.Sorted(maps.Keys(t.Unreadable)) {
		ac.Unreadable = append(ac.Unreadable, t.Unreadable[name])
	}
	add := func(name string, kind relation.Kind, s *relation.Sum) error {
		m, ok := s.Money()
		if !ok {
			return fault.New(fault.Input, "the money of the %s rows (%s) passes 64 bits", kind, name).
				WithHint("look for absurd prices with: ecomctl profile")
		}
		ac.Reasons = append(ac.Reasons, query.Reason{Kind: kind, Reason: name, Rows: s.Rows, Money: m, NoMoney: s.NoMoney})
		return nil
	}
	for i, reason := range a.prog.Reasons {
		if err := add(reason.Name, reason.Kind, &t.By[i]); err != nil {
			return err
		}
	}
	if err := add(relation.ReasonSold, relation.Sold, &t.By[relation.NoReason]); err != nil {
		return err
	}
	if a.plan.Nulls {
		ac.Nulls = make([]int64, a.p.rel.Canonical)
		for _, w := range a.workers {
			for i, n := range w.nulls {
				ac.Nulls[i] += n
			}
		}
	}
	return nil
}

const currencyColumn = "currency"

// currencyQuery asks for sold rows and money by currency.
func currencyQuery(rel *relation.Relation) query.Query {
	q := query.Query{Name: "currencies", Dims: []query.Dim{{Name: currencyColumn, Column: currencyColumn}},
		Measures: []query.Measure{{Name: "rows", Op: query.Count}}}
	if _, _, _, _, ok := rel.MoneyParts(); ok {
		q.Measures = append(q.Measures,
			query.Measure{Name: "money", Op: query.Sum, Column: relation.MoneyColumn},
			query.Measure{Name: "priced", Op: query.Count, Column: relation.MoneyColumn})
	}
	return q
}

func currencies(t *query.Table) []query.Reason {
	var out []query.Reason
	for i := range t.N {
		r := query.Reason{Kind: relation.Sold, Rows: t.Cols[1].I64[i]}
		if c := &t.Cols[0]; !c.IsNull(i) && c.Kind == frame.String {
			r.Reason = string(c.Str(i))
		}
		if len(t.Cols) > 2 {
			r.Money, r.NoMoney = t.Cols[2].I64[i], r.Rows-t.Cols[3].I64[i]
		}
		out = append(out, r)
	}
	return out
}

package clean

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Columns are the columns of the summary.
var Columns = []result.Spec{
	{Name: "reason", Type: expr.Text, Desc: "Kind of the rows (sold, reversal, void, outside), or why they were rejected"},
	{Name: "rows", Type: expr.Int, Unit: result.Rows, Desc: "Input rows"},
	{Name: "ratio", Type: expr.Float, Unit: result.Ratio, Desc: "Share of all input rows"},
	{Name: "money", Type: expr.Money, Unit: result.Money, Desc: "Money of the rows, where it can be computed"},
}

// summary adds up what the workers counted.
func (r *runner) summary(ctx context.Context) (*Summary, error) {
	var t relation.Tally
	for _, w := range r.tallies {
		t.Merge(w)
	}
	s := &Summary{Written: r.rows, AsOf: r.rel.AsOf}
	if r.tsCol >= 0 {
		s.AsOf = t.AsOf()
		t.Settle(r.prog)
	}
	if r.dups != nil {
		var err error
		if _, r.dupSum, err = r.dups.Resolve(ctx, r.o.Threads); err != nil {
			return nil, err
		}
	}
	if err := account(&s.Account, r.prog, &t, r.dupSum); err != nil {
		return nil, err
	}
	sold, _ := s.Account.Of(relation.Sold)
	reversed, _ := s.Account.Of(relation.Reversal)
	if r.out != nil && r.rows != sold+reversed {
		return nil, fault.New(fault.Internal, "cleaning: %d rows were written, %d were counted", r.rows, sold+reversed)
	}
	return s, nil
}

// account turns a tally into the account of all rows.
func account(a *query.Account, p *relation.Program, t *relation.Tally, dups relation.Sum) error {
	a.Rows, a.Free, a.Unmatched = t.Rows, t.Free, t.Unmatched
	if t.HasTime {
		a.FirstSold, a.LastSold = t.First, t.Last
	}
	add := func(name string, kind relation.Kind, s *relation.Sum) error {
		m, ok := s.Money()
		if !ok {
			return fault.New(fault.Input, "adding up the money of the %s rows (%s): the sum passes 64 bits", kind, name).
				WithHint("look for absurd prices: ecomctl profile")
		}
		a.Reasons = append(a.Reasons, query.Reason{Kind: kind, Reason: name, Rows: s.Rows, Money: m, NoMoney: s.NoMoney})
		return nil
	}
	for i, reason := range p.Reasons {
		if err := add(reason.Name, reason.Kind, &t.By[i]); err != nil {
			return err
		}
	}
	if err := add(relation.ReasonSold, relation.Sold, &t.By[relation.NoReason]); err != nil {
		return err
	}
	m, ok := dups.Money()
	if !ok {
		return fault.New(fault.Input, "adding up the money of duplicates: the sum passes 64 bits")
	}
	a.Duplicates, a.DuplicatesMoney = dups.Rows, m
	return nil
}

// Table is the summary as a result: sold, reversal, void and outside, then the
// reasons of rejects in the order of the rules; only those that hold rows. Rows add
// up to the input's.
func (s *Summary) Table() *result.Table {
	type line struct {
		name  string
		rows  int64
		money int64
	}
	var lines []line
	a := &s.Account
	for _, k := range []relation.Kind{relation.Sold, relation.Reversal, relation.Void, relation.Outside} {
		rows, money := a.Of(k)
		lines = append(lines, line{k.String(), rows, money})
	}
	for _, r := range a.Reasons {
		if r.Kind == relation.Reject {
			lines = append(lines, line{r.Reason, r.Rows, r.Money})
		}
	}
	t := &result.Table{Name: "clean"}
	for _, spec := range Columns {
		t.Columns = append(t.Columns, result.Column{Spec: spec, Data: result.NewData(spec.Type, len(lines))})
	}
	for _, l := range lines {
		if l.rows == 0 {
			continue
		}
		result.AppendText(&t.Columns[0].Data, l.name)
		result.AppendInt(&t.Columns[1].Data, l.rows)
		result.AppendFloat(&t.Columns[2].Data, float64(l.rows)/float64(a.Rows))
		result.AppendInt(&t.Columns[3].Data, l.money)
		t.N++
	}
	return t
}

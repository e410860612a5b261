package analysis

import (
	"context"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/recommend"
	"github.com/ecomctl/ecomctl/internal/result"
)

// idType is the type that ids of a column have in results.
func idType(c *frame.Column) expr.Type {
	if c.Kind == frame.String {
		return expr.Text
	}
	return expr.Int
}

// codesOf finds ids among the keys; an unknown one is an error that names it.
func codesOf(flag, what string, keys *frame.Column, ids []string) ([]uint32, error) {
	var out []uint32
	for _, id := range ids {
		at := -1
		for i := range keys.Len {
			if s, _ := textAt(keys, i); s == id {
				at = i
				break
			}
		}
		if at < 0 {
			return nil, fault.New(fault.Usage, "--%s %s: no %s with this id bought or was sold in scope", flag, id, what)
		}
		if !slices.Contains(out, uint32(at)) {
			out = append(out, uint32(at))
		}
	}
	return out, nil
}

// choose fits the method of the options to all purchases; auto is chosen on a hold-out first.
func (j *recommendJob) choose(ctx context.Context) (*fittedModel, *recommend.Matrix, error) {
	method := j.o.method
	if method == "auto" {
		best, err := j.best(ctx)
		if err != nil {
			return nil, nil, err
		}
		method = best
	}
	m := j.h.matrix(nil)
	f, err := j.fit(ctx, method, m, nil)
	return f, m, err
}

// customers proposes to all customers or those of --for.
func (j *recommendJob) customers(ctx context.Context) (*result.Table, error) {
	var users []uint32
	if len(j.o.forIDs) > 0 {
		var err error
		if users, err = codesOf("for", "customer", j.h.keys, j.o.forIDs); err != nil {
			return nil, err
		}
		slices.Sort(users)
	} else {
		users = make([]uint32, j.h.keys.Len)
		for i := range users {
			users[i] = uint32(i)
		}
	}
	f, m, err := j.choose(ctx)
	if err != nil {
		return nil, err
	}
	l, err := f.top(ctx, m, users, false, recommend.TopOptions{K: j.o.k, Rebuy: j.o.rebuy, Threads: j.threads()})
	if err != nil {
		return nil, err
	}
	spec := recommendSpecs[0]
	spec.Type = idType(j.h.keys)
	who := make([]int, 0, len(users))
	for _, u := range users {
		who = append(who, int(u))
	}
	return j.listTable(f, m, users, l, &result.Column{Spec: spec, Data: *j.h.keys}, who), nil
}

// listTable lays lists out as rows. The first column, where not nil, is the value of lead at
// leadRow of each list.
func (j *recommendJob) listTable(f *fittedModel, m *recommend.Matrix, users []uint32, l *recommend.Lists, lead *result.Column, leadRow []int) *result.Table {
	rows := 0
	for _, n := range l.Len {
		rows += int(n)
	}
	first, items := make([]int, 0, rows), make([]int, 0, rows)
	rank, score := result.NewData(expr.Int, rows), result.NewData(expr.Float, rows)
	var because []int
	for n := range l.Len {
		it, sc := l.Of(n)
		for i := range it {
			if lead != nil {
				first = append(first, leadRow[n])
			}
			items = append(items, int(it[i]))
			result.AppendInt(&rank, int64(i)+1)
			result.AppendFloat(&score, float64(sc[i]))
			if j.o.reasons {
				because = append(because, j.reason(f, m, int(users[n]), it[i], sc[i]))
			}
		}
	}
	t := &result.Table{Name: "recommend", N: rows}
	add := func(spec result.Spec, data frame.Column) {
		t.Columns = append(t.Columns, result.Column{Spec: spec, Data: data})
	}
	if lead != nil {
		add(lead.Spec, result.Gather(&lead.Data, first))
	}
	product := recommendSpecs[2]
	product.Type = idType(j.h.items)
	add(recommendSpecs[1], rank)
	add(product, result.Gather(j.h.items, items))
	add(recommendSpecs[3], score)
	if j.o.reasons {
		spec := becauseSpec
		spec.Type = product.Type
		add(spec, gatherOrNull(j.h.items, because))
	}
	return t
}

// reason returns the item that spoke most for a proposal, or -1.
func (j *recommendJob) reason(f *fittedModel, m *recommend.Matrix, user int, item uint32, score float32) int {
	if f.reason == nil || score == 0 {
		return -1
	}
	items, values := m.Row(user)
	if f.binary {
		values = nil
	}
	if why, ok := f.reason(items, values, item); ok {
		return int(why)
	}
	return -1
}

// gatherOrNull is result.Gather where a negative position is a null.
func gatherOrNull(c *frame.Column, idx []int) frame.Column {
	out := result.NewData(idType(c), len(idx))
	for _, i := range idx {
		switch {
		case i < 0:
			result.AppendNull(&out)
		case c.Kind == frame.String:
			result.AppendText(&out, c.Str(i))
		default:
			result.AppendInt(&out, c.I64[i])
		}
	}
	return out
}

// similar lists the products like those of --similar.
func (j *recommendJob) similar(ctx context.Context) (*result.Table, error) {
	asked, err := codesOf("similar", "product", j.h.items, j.o.similar)
	if err != nil {
		return nil, err
	}
	f, _, err := j.choose(ctx)
	if err != nil {
		return nil, err
	}
	if f.similar == nil {
		return nil, fault.New(fault.Input, "recommend: %s was best on the hold-out and does not tell products alike", f.method).WithHint("choose --method itemknn")
	}
	l := &recommend.Lists{K: j.o.k, Len: make([]int32, len(asked)), Item: make([]uint32, len(asked)*j.o.k), Score: make([]float32, len(asked)*j.o.k)}
	lead := make([]int, len(asked))
	for n, it := range asked {
		items, scores := f.similar(it, j.o.k)
		l.Len[n] = int32(copy(l.Item[n*j.o.k:], items))
		copy(l.Score[n*j.o.k:], scores)
		lead[n] = int(it)
	}
	spec := similarToSpec
	spec.Type = idType(j.h.items)
	return j.listTable(f, nil, nil, l, &result.Column{Spec: spec, Data: *j.h.items}, lead), nil
}

// basket lists what goes with the products of --basket.
func (j *recommendJob) basket(ctx context.Context) (*result.Table, error) {
	items, err := codesOf("basket", "product", j.h.items, j.o.basket)
	if err != nil {
		return nil, err
	}
	f, _, err := j.choose(ctx)
	if err != nil {
		return nil, err
	}
	row := recommend.FromRows(j.h.items.Len, []int64{0, int64(len(items))}, items, nil)
	l, err := f.top(ctx, row, []uint32{0}, true, recommend.TopOptions{K: j.o.k, Rebuy: j.o.rebuy, Threads: 1})
	if err != nil {
		return nil, err
	}
	return j.listTable(f, row, []uint32{0}, l, nil, nil), nil
}

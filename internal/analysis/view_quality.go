package analysis

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

var qualityTitle = Text{"Data quality", "数据质量"}

// The section answers: can the figures be trusted?
var _ = RegisterSection("quality", &Section{
	Order: 90,
	Title: qualityTitle,
	Plan: func(*Request) (query.Plan, error) {
		return query.Plan{Duplicates: true, Nulls: true}, nil
	},
	View: qualityView,
})

func qualityView(_ context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	acc := &a.Account
	v := &View{ID: "quality", Title: qualityTitle.In(r.Lang)}
	if acc.Rows == 0 {
		v.Missing = p.Pick("The input holds no rows.", "输入没有任何数据行。")
		return v, nil
	}
	sold, soldMoney := acc.Of(relation.Sold)
	rejected, rejectedMoney := acc.Of(relation.Reject)
	f := phrase.QualityFacts{Rows: acc.Rows, Sold: sold, SoldMoney: soldMoney, Rejected: rejected, RejectedMoney: rejectedMoney,
		Duplicates: acc.Duplicates, DuplicatesMoney: acc.DuplicatesMoney, Free: acc.Free}
	for _, q := range acc.Reasons {
		if q.Kind == relation.Reject && q.Rows > f.TopRows {
			f.TopReason, f.TopRows = p.Reason(q.Reason), q.Rows
		}
		if q.Kind == relation.Reject {
			f.NoMoney += q.NoMoney
		}
	}
	v.Lead = p.Quality(f)
	if !r.Rel.Dedupe && acc.Duplicates > 0 {
		v.Actions = append(v.Actions, Action{
			Head: p.Count(acc.Duplicates) + p.Pick(" exact duplicates, ", " 条完全重复，") + p.MoneyShort(acc.DuplicatesMoney),
			Text: p.Pick("They are counted, for an order may hold two equal lines. If they are a fault of the export, add --dedupe.", "它们已计入，因为一笔订单可能有两条相同的明细。如果是导出错误，请加 --dedupe。"),
		})
	}
	rows, err := rowsFigure(p, acc)
	if err != nil {
		return nil, err
	}
	v.Figures = append(v.Figures, rows)
	if fig, ok, err := nullsFigure(r, p, acc); err != nil {
		return nil, err
	} else if ok {
		v.Figures = append(v.Figures, fig)
	}
	return v, nil
}

// rowsFigure shows where every input row went.
func rowsFigure(p phrase.Printer, acc *query.Account) (Figure, error) {
	tb := newTable("rows", textSpec("kind", "what the rows count as"), textSpec("reason", "the first rule that took them"),
		countSpec("rows", result.Rows, "input rows"), ratioSpec("ratio", "rows / input rows"), moneySpec("money", "their money"), countSpec("without_money", result.Rows, "rows whose money cannot be computed"))
	b := chart.Bars{ID: "quality-rows", Lying: true, Value: func(v float64) string { return p.CountShort(int64(v)) }}
	bar := chart.Bar{Name: p.Pick("rows", "行数"), Color: "@s1"}
	for _, q := range acc.Reasons {
		if q.Rows == 0 && q.Kind != relation.Sold {
			continue
		}
		name := p.Reason(q.Reason)
		tb.row(p.Kind(q.Kind.String()), name, q.Rows, float64(q.Rows)/float64(acc.Rows), q.Money, q.NoMoney)
		if q.Kind == relation.Sold {
			continue // a bar of all the rest would hide the others
		}
		b.Labels = append(b.Labels, name)
		bar.Values = append(bar.Values, float64(q.Rows))
		bar.Labels = append(bar.Labels, p.Count(q.Rows))
		bar.Grey = append(bar.Grey, q.Kind != relation.Reject)
		tip := p.Kind(q.Kind.String()) + p.Pick(": ", "：") + name + "\n" + p.Count(q.Rows) + p.Pick(" rows, ", " 行，") + p.Percent(float64(q.Rows)/float64(acc.Rows)) + "\n" + p.Money(q.Money)
		if q.NoMoney > 0 {
			tip += "\n" + p.Count(q.NoMoney) + p.Pick(" rows without computable money", " 行金额无法计算")
		}
		b.Tips = append(b.Tips, tip)
	}
	fig := Figure{ID: b.ID, Question: p.Pick("Where did every row go?", "每一行去了哪里？"), Table: tb.t, Alt: p.Pick("Rows that are not sold lines, by reason.", "未计为已售的行，按原因。")}
	if len(b.Labels) == 0 {
		fig.Note = p.Pick("Every input row is a sold line.", "每一行都是已售明细。")
		return fig, nil
	}
	sortBars(&b, &bar)
	b.Series = []chart.Bar{bar}
	b.Legend = []chart.Key{{Color: "@s1", Text: p.Pick("rejected", "被拒绝")}, {Color: "@other", Text: p.Pick("not a sale: reversals, voids, outside the period", "非销售：退货、作废、期外")}}
	ch, err := b.Chart()
	fig.Chart = ch
	return fig, err
}

// sortBars puts the longest bar first.
func sortBars(b *chart.Bars, bar *chart.Bar) {
	n := len(bar.Values)
	for i := 1; i < n; i++ {
		for j := i; j > 0 && bar.Values[j] > bar.Values[j-1]; j-- {
			bar.Values[j], bar.Values[j-1] = bar.Values[j-1], bar.Values[j]
			bar.Labels[j], bar.Labels[j-1] = bar.Labels[j-1], bar.Labels[j]
			bar.Grey[j], bar.Grey[j-1] = bar.Grey[j-1], bar.Grey[j]
			b.Labels[j], b.Labels[j-1] = b.Labels[j-1], b.Labels[j]
			b.Tips[j], b.Tips[j-1] = b.Tips[j-1], b.Tips[j]
		}
	}
}

// nullsFigure shows the share of missing values by column.
func nullsFigure(r *Request, p phrase.Printer, acc *query.Account) (Figure, bool, error) {
	if acc.Nulls == nil {
		return Figure{}, false, nil
	}
	tb := newTable("nulls", textSpec("column", "canonical column"), textSpec("from", "column of the input"), countSpec("nulls", result.Rows, "rows without a value"), ratioSpec("ratio", "nulls / rows"))
	b := chart.Bars{ID: "quality-nulls", Lying: true, Value: percentFormat(p)}
	bar := chart.Bar{Name: p.Pick("missing", "缺失"), Color: "@s1"}
	for i, n := range acc.Nulls {
		if i >= len(r.Rel.Columns) {
			break
		}
		c := r.Rel.Columns[i]
		share := float64(n) / float64(acc.Rows)
		tb.row(c.Name, c.From, n, share)
		if n == 0 {
			continue
		}
		b.Labels = append(b.Labels, c.Name)
		b.Tips = append(b.Tips, c.Name+"\n"+p.Count(n)+p.Pick(" rows without a value, ", " 行缺失，")+p.PercentFull(share))
		bar.Values = append(bar.Values, share)
		bar.Labels = append(bar.Labels, p.Percent(share))
		bar.Grey = append(bar.Grey, false)
	}
	fig := Figure{ID: b.ID, Question: p.Pick("Which columns have gaps?", "哪些列有缺失？"), Table: tb.t, Alt: p.Pick("Share of rows without a value, by column.", "各列缺失值占比。")}
	if len(b.Labels) == 0 {
		fig.Note = p.Pick("No mapped column has a missing value.", "所有已映射的列都没有缺失值。")
		return fig, tb.t.N > 0, nil
	}
	sortBars(&b, &bar)
	b.Series = []chart.Bar{bar}
	ch, err := b.Chart()
	fig.Chart = ch
	return fig, true, err
}

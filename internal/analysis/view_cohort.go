package analysis

import (
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

var cohortTitle = Text{"Retention", "复购"}

// cohortSection answers: who buys again?
var cohortSection = &Section{
	Order: 50,
	Title: cohortTitle,
	Plan:  planOf("cohort"),
	View:  cohortView,
}

// maxCohorts bounds the heat map; the table has all.
const maxCohorts = 24

// cohortRow is one row of the heat map.
type cohortRow struct {
	start     int64
	customers int64
	cells     []cohortValue
}

type cohortValue struct {
	active    int64
	retention float64
	known     bool // observable
	complete  bool
}

func cohortRowsOf(t *result.Table) []cohortRow {
	var rows []cohortRow
	at := map[int64]int{}
	start, period, people := &t.Col("cohort").Data, &t.Col("period").Data, &t.Col("customers").Data
	active, keep, done := &t.Col("active").Data, &t.Col("retention").Data, &t.Col("complete").Data
	for i := range t.N {
		k, ok := at[start.I64[i]]
		if !ok {
			k = len(rows)
			at[start.I64[i]] = k
			rows = append(rows, cohortRow{start: start.I64[i], customers: valueAt(people, i)})
		}
		n := int(period.I64[i])
		if n < 0 {
			continue
		}
		for len(rows[k].cells) <= n {
			rows[k].cells = append(rows[k].cells, cohortValue{})
		}
		c := cohortValue{known: !active.IsNull(i), complete: done.IsNull(i) || done.I64[i] != 0}
		if c.known {
			c.active, c.retention = active.I64[i], floatAt(keep, i)
		}
		rows[k].cells[n] = c
	}
	slices.SortFunc(rows, func(a, b cohortRow) int { return int(a.start - b.start) })
	return rows
}

func cohortView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "retention", Title: cohortTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	t, err := finishOf(ctx, "cohort", r, a)
	if err != nil {
		return nil, err
	}
	if t == nil || t.N == 0 {
		v.Missing = p.Pick("Retention needs known customers: map a column with --map customer_id=Column.", "复购分析需要已知客户：请用 --map customer_id=列名 指定。")
		return v, nil
	}
	rows := cohortRowsOf(t)
	if len(rows) < 2 {
		v.Missing = p.Pick("All known customers first bought in the same month, the first of the data: who is new cannot be told from who is old yet.", "所有已知客户的首购都在数据的第一个月：尚无法区分新客与老客。")
		return v, nil
	}
	v.Lead = append(v.Lead, p.Retention(retentionFacts(p, rows)))
	heat, err := cohortHeat(p, rows, t)
	if err != nil {
		return nil, err
	}
	curve, ok, err := cohortCurve(p, rows)
	if err != nil {
		return nil, err
	}
	v.Figures = append(v.Figures, heat)
	if ok {
		v.Figures = append(v.Figures, curve)
	}
	return v, nil
}

// retentionFacts takes the month after and, where three cohorts show it, the
// third month; the first cohort is left out for it holds older customers too.
func retentionFacts(p phrase.Printer, rows []cohortRow) phrase.RetentionFacts {
	f := phrase.RetentionFacts{Month1: math.NaN(), Month3: math.NaN(), Latest: math.NaN()}
	f.Month1, f.Low1, f.High1, f.N1 = pooled(rows[1:], 1)
	f.Month3, _, _, f.N3 = pooled(rows[1:], 3)
	for _, row := range rows[1:] {
		f.Customers += row.customers
	}
	for i := len(rows) - 1; i > 0; i-- {
		if c := rows[i].cells; len(c) > 1 && c[1].known && c[1].complete {
			f.Latest, f.LatestName, f.LatestCustomers = c[1].retention, p.MonthYear(rows[i].start), rows[i].customers
			break
		}
	}
	return f
}

// pooled returns the retention of all cohorts together n periods on, and the range
// over the cohorts.
func pooled(rows []cohortRow, n int) (rate, lo, hi float64, cohorts int) {
	var active, people int64
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		if n >= len(r.cells) || !r.cells[n].known || !r.cells[n].complete || r.customers == 0 {
			continue
		}
		active += r.cells[n].active
		people += r.customers
		lo, hi = math.Min(lo, r.cells[n].retention), math.Max(hi, r.cells[n].retention)
		cohorts++
	}
	if people == 0 {
		return math.NaN(), math.NaN(), math.NaN(), 0
	}
	return float64(active) / float64(people), lo, hi, cohorts
}

func cohortHeat(p phrase.Printer, all []cohortRow, t *result.Table) (Figure, error) {
	rows := all[max(0, len(all)-maxCohorts):]
	wide, top := 0, 0.0
	for _, r := range rows {
		wide = max(wide, len(r.cells)-1)
		for n, c := range r.cells {
			if n > 0 && c.known {
				top = math.Max(top, c.retention)
			}
		}
	}
	wide = min(wide, maxCohorts)
	h := chart.Heat{ID: "cohort-heat", Kind: "heat", Height: 56 + len(rows)*30, XName: p.Pick("months after the first order", "首购后的月数")}
	for n := 1; n <= wide; n++ {
		h.X = append(h.X, itoa(int64(n)))
	}
	for y, r := range rows {
		h.Y = append(h.Y, p.MonthYear(r.start)+"  "+p.CountShort(r.customers))
		for n := 1; n <= wide; n++ {
			h.Cells = append(h.Cells, cohortCellOf(p, r, n, y, top))
		}
	}
	h.Legend = append(chart.ScaleLegend("0"+p.Pick("\u202f%", "%"), p.Percent(top)), chart.Key{Color: "@empty", Text: p.Pick("not yet observable", "尚不可观察"), Hatch: false},
		chart.Key{Color: "@o3", Text: p.Pick("month still open", "当月未结束"), Hatch: true})
	ch, err := h.Chart()
	note := p.Pick("Beside each month: its new customers.", "月份旁为当月新客户数。")
	if len(rows) == len(all) {
		note += p.Pick(" The first row also holds customers who bought before the data begin.", " 首行还包含数据开始之前就已购买的客户。")
	} else {
		note += p.Pick(" The last 24 cohorts are drawn; the table has all.", " 图中为最近 24 组，表中为全部。")
	}
	return Figure{ID: h.ID, Question: p.Pick("Who buys again?", "谁会再次购买？"), Chart: ch, Table: t, Note: note, Alt: p.Pick("Of each month's new customers, how many per cent bought again in each later month.", "每月新客户在之后各月再次购买的百分比。")}, err
}

func cohortCellOf(p phrase.Printer, r cohortRow, n, y int, top float64) chart.Cell {
	cell := chart.Cell{X: n - 1, Y: y}
	month := phrase.PeriodOf(phrase.Month, r.start)
	for range n {
		month = month.Next()
	}
	name := p.MonthYear(r.start)
	if n >= len(r.cells) || !r.cells[n].known {
		cell.Empty = true
		cell.Tip = p.Pick(name+", month "+itoa(int64(n))+"\nnot observable yet: "+p.MonthYear(month.Start)+" is after the data", name+"，第 "+itoa(int64(n))+" 个月\n尚不可观察："+p.MonthYear(month.Start)+"在数据之后")
		return cell
	}
	c := r.cells[n]
	if top > 0 {
		cell.Level = c.retention / top
	}
	cell.Open = !c.complete
	cell.Text = phrase.Decimal(c.retention*100, 0)
	cell.Tip = p.Pick("First bought "+name+"\n"+p.Count(c.active)+" of "+p.Count(r.customers)+" bought in "+p.MonthYear(month.Start)+": "+p.Percent(c.retention),
		name+"首购\n"+p.Count(r.customers)+" 位中有 "+p.Count(c.active)+" 位在"+p.MonthYear(month.Start)+"购买："+p.Percent(c.retention))
	if cell.Open {
		cell.Tip += "\n" + p.Pick("that month is still open", "该月尚未结束")
	}
	return cell
}

// cohortCurve draws the pooled retention by months since the first order, with the
// band of the cohorts' quartiles.
func cohortCurve(p phrase.Printer, rows []cohortRow) (Figure, bool, error) {
	l := chart.Lines{ID: "cohort-curve", Height: 240, Value: percentFormat(p)}
	tb := newTable("retention", countSpec("period", result.NoUnit, "months since the first order"), ratioSpec("retention", "active / customers of the cohorts that can show it"),
		ratioSpec("low", "first quartile of the cohorts"), ratioSpec("high", "third quartile of the cohorts"), countSpec("cohorts", result.NoUnit, "cohorts that can show it"))
	var mean, low, high []float64
	for n := 1; n <= maxCohorts; n++ {
		rate, _, _, cohorts := pooled(rows[1:], n)
		if cohorts < 3 {
			break
		}
		var each []float64
		for _, r := range rows[1:] {
			if n < len(r.cells) && r.cells[n].known && r.cells[n].complete && r.customers > 0 {
				each = append(each, r.cells[n].retention)
			}
		}
		q1, q3 := quantile(each, 0.25), quantile(each, 0.75)
		mean, low, high = append(mean, rate), append(low, q1), append(high, q3)
		l.Labels = append(l.Labels, itoa(int64(n)))
		l.Tips = append(l.Tips, p.Pick("month "+itoa(int64(n))+"\n"+p.Percent(rate)+" bought\nhalf of the cohorts: "+p.Percent(q1)+" to "+p.Percent(q3),
			"第 "+itoa(int64(n))+" 个月\n"+p.Percent(rate)+" 购买\n半数群组在 "+p.Percent(q1)+" 至 "+p.Percent(q3)+" 之间"))
		tb.row(n, rate, q1, q3, cohorts)
	}
	if len(mean) < 3 {
		return Figure{}, false, nil
	}
	l.Band = &chart.Band{Low: low, High: high, Color: "@s1"}
	l.Series = []chart.Line{{Name: p.Pick("all cohorts", "全部群组"), Color: "@s1", Values: mean, Width: 2.5}}
	l.Legend = []chart.Key{{Color: "@s1", Text: p.Pick("all cohorts together", "全部群组合计")}, {Color: "@band", Text: p.Pick("half of the cohorts", "半数群组的范围")}}
	ch, err := l.Chart()
	return Figure{ID: l.ID, Question: p.Pick("How long do customers stay?", "客户能留多久？"), Chart: ch, Table: tb.t,
		Alt: p.Pick(p.Percent(mean[0])+" buy in the month after their first order, "+p.Percent(mean[len(mean)-1])+" in month "+itoa(int64(len(mean)))+".",
			"首购后次月有 "+p.Percent(mean[0])+" 购买，第 "+itoa(int64(len(mean)))+" 个月为 "+p.Percent(mean[len(mean)-1])+"。"),
		Note: p.Pick("Months after the first order. Only cohorts old enough to show a month count in it; open months and the first cohort are left out.", "横轴为首购后的月数；仅统计已能观察到该月的群组，未结束的月份与首个群组除外。")}, true, err
}

package live

import (
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
)

// quietAfter is how long a file may stand still before the page says so.
const quietAfter = 2 * time.Minute

func (pg *Page) views(p phrase.Printer, b *Board) ([]*analysis.View, error) {
	now := &analysis.View{ID: "now", Title: p.Pick("The last window", "最近一个窗口")}
	if len(b.Windows) == 0 {
		now.Missing = p.Pick("No window is complete yet: one is written when the stream's watermark has passed its end. Is `ecomctl stream` running, with this file or table as -o?",
			"尚无完整窗口：水位线越过窗口末尾后才会写出。`ecomctl stream` 是否正在运行，且 -o 指向此文件或表？")
		return []*analysis.View{now}, nil
	}
	last := &b.Windows[len(b.Windows)-1]
	var before *Window
	if len(b.Windows) > 1 {
		before = &b.Windows[len(b.Windows)-2]
	}
	now.Lead = pg.lead(p, b, last, before)
	pg.tiles(p, now, b, last, before)
	f, err := b.course(p)
	if err != nil {
		return nil, err
	}
	now.Figures = []analysis.Figure{f}
	if len(b.By) == 0 {
		return []*analysis.View{now}, nil
	}
	groups, err := b.groups(p, last)
	return []*analysis.View{now, groups}, err
}

// span writes a window's time.
func span(w *Window) string {
	end := w.End.Format("15:04")
	if !w.Start.Truncate(24 * time.Hour).Equal(w.End.Add(-time.Microsecond).Truncate(24 * time.Hour)) {
		end = w.End.Format("2006-01-02 15:04")
	}
	return w.Start.Format("2006-01-02 15:04") + "–" + end
}

// lead says what the last window took, against the one before it, and whether the stream stands still.
func (pg *Page) lead(p phrase.Printer, b *Board, last, before *Window) []string {
	en, zh := span(last)+" took "+p.Money(last.Money), span(last)+" 收入 "+p.Money(last.Money)
	if change, _ := changed(p, last, before); change != "" {
		en += ", " + change + " against the window before"
		zh += "，较前一窗口 " + change
	}
	if len(b.By) > 0 {
		top := &last.Rows[0]
		en += "; most of it " + name(p, top) + " with " + p.Money(top.Money)
		zh += "；最多的是 " + name(p, top) + "，" + p.Money(top.Money)
	}
	out := []string{p.Pick(en+".", zh+"。")}
	if age := pg.o.Now().Sub(b.Written); !b.Written.IsZero() && age >= quietAfter {
		out = append(out, p.Pick("The file has not changed for "+p.Elapsed(age.Seconds())+".", "文件已有 "+p.Elapsed(age.Seconds())+" 没有变化。"))
	}
	return out
}

// changed is the change of money between two neighbouring windows; "" when it cannot be told.
func changed(p phrase.Printer, last, before *Window) (text string, up bool) {
	if before == nil || !before.End.Equal(last.Start) || before.Money <= 0 {
		return "", false
	}
	rate := float64(last.Money-before.Money) / float64(before.Money)
	if rate >= 0 {
		return "+" + p.Percent(rate), true
	}
	return "−" + p.Percent(-rate), false
}

// tiles are the headline figures. Orders and customers of groups are not added up: one may be in several.
func (pg *Page) tiles(p phrase.Printer, v *analysis.View, b *Board, last, before *Window) {
	var spark []float64
	for _, w := range b.Windows[max(0, len(b.Windows)-24):] {
		spark = append(spark, float64(w.Money)/1e4)
	}
	change, up := changed(p, last, before)
	note := p.Pick("of the last window", "最近一个窗口")
	if change != "" {
		note = p.Pick("against the window before", "较前一窗口")
	}
	v.Tiles = append(v.Tiles, analysis.Tile{Label: p.Pick("Revenue", "收入"), Value: p.MoneyShort(last.Money), Full: p.Money(last.Money), Change: change, Up: up, Good: true, Note: note, Spark: spark})
	tile := func(label string, n int64) {
		v.Tiles = append(v.Tiles, analysis.Tile{Label: label, Value: p.CountShort(n), Full: p.Count(n), Note: p.Pick("of the last window", "最近一个窗口")})
	}
	if len(b.By) > 0 {
		tile(p.Pick("Groups", "分组"), int64(len(last.Rows)))
		return
	}
	if r := &last.Rows[0]; r.HasOrders {
		tile(p.Pick("Orders", "订单"), r.Orders)
	}
	if r := &last.Rows[0]; r.HasPeople {
		tile(p.Pick("Customers", "顾客"), r.Customers)
	}
}

// name writes the groups of a row.
func name(p phrase.Printer, r *Row) string {
	list := make([]string, len(r.Groups))
	for i, g := range r.Groups {
		if list[i] = phrase.Name(g, 40); g == "" {
			list[i] = p.Pick("unknown", "未知")
		}
	}
	return strings.Join(list, " · ")
}

// newTable makes an empty table.
func newTable(name string, specs ...result.Spec) *result.Table {
	t := &result.Table{Name: name}
	for _, s := range specs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, 0)})
	}
	return t
}

// course is revenue by window.
func (b *Board) course(p phrase.Printer) (analysis.Figure, error) {
	l := chart.Lines{ID: "live-course", Height: 240, Value: func(v float64) string { return p.MoneyShort(int64(v * 1e4)) }}
	line := chart.Line{Name: p.Pick("revenue", "收入"), Color: "@s1", Width: 2}
	t := newTable("windows", result.Spec{Name: "window_start", Type: expr.Time}, result.Spec{Name: "window_end", Type: expr.Time}, result.Spec{Name: "revenue", Type: expr.Money, Unit: result.Money})
	for i := range b.Windows {
		w := &b.Windows[i]
		l.Labels = append(l.Labels, w.Start.Format("01-02 15:04"))
		line.Values = append(line.Values, float64(w.Money)/1e4)
		l.Tips = append(l.Tips, span(w)+"\n"+p.Money(w.Money))
		result.AppendInt(&t.Columns[0].Data, w.Start.UnixMicro())
		result.AppendInt(&t.Columns[1].Data, w.End.UnixMicro())
		result.AppendInt(&t.Columns[2].Data, w.Money)
		t.N++
	}
	line.Dots = len(b.Windows) == 1
	l.Series = []chart.Line{line}
	c, err := l.Chart()
	return analysis.Figure{ID: l.ID, Question: p.Pick("How do sales run?", "销售走势如何？"), Alt: p.Pick("Revenue by window.", "各窗口收入。"), Chart: c, Table: t}, err
}

// groupsDrawn bounds the bars.
const groupsDrawn = 12

// groups is the last window by its dimensions.
func (b *Board) groups(p phrase.Printer, last *Window) (*analysis.View, error) {
	v := &analysis.View{ID: "groups", Title: p.Pick("Who buys now?", "现在谁在购买？")}
	bars := chart.Bars{ID: "live-groups", Lying: true, Value: func(v float64) string { return p.MoneyShort(int64(v * 1e4)) }}
	bar := chart.Bar{Name: p.Pick("revenue", "收入"), Color: "@s1"}
	t := newTable("groups", b.groupSpecs()...)
	for i := range last.Rows {
		r := &last.Rows[i]
		appendGroup(t, 0, r)
		if i < groupsDrawn {
			bars.Labels = append(bars.Labels, name(p, r))
			bar.Values, bar.Labels = append(bar.Values, float64(r.Money)/1e4), append(bar.Labels, p.MoneyShort(r.Money))
			bars.Tips = append(bars.Tips, name(p, r)+"\n"+p.Money(r.Money))
		}
	}
	bars.Series = []chart.Bar{bar}
	c, err := bars.Chart()
	top := &last.Rows[0]
	v.Lead = []string{p.Pick(p.Count(int64(len(last.Rows)))+" "+phrase.Plural(int64(len(last.Rows)), "group has", "groups have")+" sales in the last window, most of them "+name(p, top)+".",
		"最近一个窗口中有 "+p.Count(int64(len(last.Rows)))+" 个分组有销售，最多的是 "+name(p, top)+"。")}
	v.Figures = []analysis.Figure{{ID: bars.ID, Question: p.Pick("Where do sales come from?", "销售来自哪里？"), Alt: p.Pick("Revenue of the last window by group.", "最近一个窗口按分组的收入。"), Chart: c, Table: t}}
	return v, err
}

// all is every row of the windows that are shown, for download; nil when there is none.
func (b *Board) all(p phrase.Printer) *analysis.Figure {
	t := newTable("windows", append([]result.Spec{{Name: "window_start", Type: expr.Time}, {Name: "window_end", Type: expr.Time}}, b.groupSpecs()...)...)
	for i := range b.Windows {
		w := &b.Windows[i]
		for k := range w.Rows {
			result.AppendInt(&t.Columns[0].Data, w.Start.UnixMicro())
			result.AppendInt(&t.Columns[1].Data, w.End.UnixMicro())
			appendGroup(t, 2, &w.Rows[k])
		}
	}
	if t.N == 0 {
		return nil
	}
	n := int64(t.N)
	return &analysis.Figure{ID: "live-windows", Table: t, Question: p.Pick("Download the windows shown (CSV, "+p.Count(n)+" "+phrase.Plural(n, "row", "rows")+")", "下载所示窗口（CSV，"+p.Count(n)+" 行）")}
}

// groupSpecs are the columns of a row of a window.
func (b *Board) groupSpecs() (specs []result.Spec) {
	for _, d := range b.By {
		specs = append(specs, result.Spec{Name: d, Type: expr.Text, Null: "unknown"})
	}
	return append(specs, result.Spec{Name: "revenue", Type: expr.Money, Unit: result.Money}, result.Spec{Name: "orders", Type: expr.Int, Unit: result.Orders}, result.Spec{Name: "customers", Type: expr.Int, Unit: result.Customers})
}

// appendGroup adds a row of a window, from column at on.
func appendGroup(t *result.Table, at int, r *Row) {
	for _, g := range r.Groups {
		if g == "" {
			result.AppendNull(&t.Columns[at].Data)
		} else {
			result.AppendText(&t.Columns[at].Data, g)
		}
		at++
	}
	result.AppendInt(&t.Columns[at].Data, r.Money)
	count(&t.Columns[at+1], r.Orders, r.HasOrders)
	count(&t.Columns[at+2], r.Customers, r.HasPeople)
	t.N++
}

func count(c *result.Column, n int64, has bool) {
	if has {
		result.AppendInt(&c.Data, n)
	} else {
		result.AppendNull(&c.Data)
	}
}

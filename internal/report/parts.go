package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

func itoa(n int) string { return strconv.Itoa(n) }

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// tile is a headline figure ready to draw.
type tile struct {
	analysis.Tile
	Class, Arrow, Flag string
	Calm               bool
	Path, Last         string // of the sparkline
}

func newTile(t analysis.Tile, w words) tile {
	out := tile{Tile: t}
	if t.Change != "" {
		out.Arrow = "▼"
		if t.Up {
			out.Arrow = "▲"
		}
		if strings.Trim(t.Change, "0.%\u202f\u00a0 points个百分点") == "" {
			out.Arrow = "="
		}
	}
	switch t.Trend {
	case analysis.Unusual:
		out.Flag = w.Unusual
		out.Class = "down-bad"
		if t.Up == t.Good {
			out.Class = "up-good"
		}
	case analysis.TooFewData:
		out.Flag, out.Calm = w.TooFew, true
	}
	out.Path, out.Last = spark(t.Spark)
	return out
}

// spark draws values into a box of 100 × 32 from zero (or the least value below it),
// and the last value as a dot. Missing values break the line.
func spark(v []float64) (path, last string) {
	lo, hi, n := math.Inf(1), math.Inf(-1), 0
	for _, x := range v {
		if !math.IsNaN(x) {
			lo, hi, n = math.Min(lo, x), math.Max(hi, x), n+1
		}
	}
	if n < 3 {
		return "", ""
	}
	if hi == lo {
		hi = lo + 1
	}
	var b strings.Builder
	pen := "M"
	for i, x := range v {
		if math.IsNaN(x) {
			pen = "M"
			continue
		}
		px := 100 * float64(i) / float64(len(v)-1)
		py := 29 - 26*(x-lo)/(hi-lo)
		fmt.Fprintf(&b, "%s%.1f %.1f", pen, px, py)
		pen = "L"
		last = fmt.Sprintf("M%.1f %.1fh.01", px, py)
	}
	return b.String(), last
}

// subtitle writes span, rows and day of making.
func subtitle(doc *Document, p phrase.Printer) string {
	a := &doc.Provenance.Account
	var parts []string
	if rows, _ := a.Of(relation.Sold); rows > 0 {
		parts = append(parts, p.Span(day(a.FirstSold), day(a.LastSold)+1))
	}
	parts = append(parts, p.Count(a.Rows)+p.Pick(" "+phrase.Plural(a.Rows, "row", "rows"), " 行"))
	if doc.Provenance.Now != 0 {
		parts = append(parts, p.Pick("made ", "生成于 ")+p.Day(day(doc.Provenance.Now)))
	}
	return strings.Join(parts, " · ")
}

// day returns the day of a time in µs.
func day(micros int64) int64 {
	d := micros / dayMicros
	if micros%dayMicros < 0 {
		d--
	}
	return d
}

// identity writes rows in = sold + reversals + voids + rejects + outside; of events, which are no
// sales, kept + rejected + outside.
func identity(doc *Document, p phrase.Printer) string {
	a := &doc.Provenance.Account
	names := []struct {
		kind   relation.Kind
		en, zh string
	}{{relation.Sold, "sold", "已售"}, {relation.Reversal, "reversals", "退货"}, {relation.Void, "void", "作废"}, {relation.Reject, "rejected", "拒绝"}, {relation.Outside, "outside", "期外"}}
	if doc.Provenance.Table == eventsTable {
		names = append(names[:1], names[3:]...)
		names[0].en, names[0].zh = "kept", "保留"
	}
	var parts []string
	for _, k := range names {
		rows, _ := a.Of(k.kind)
		parts = append(parts, p.Count(rows)+" "+p.Pick(k.en, k.zh))
	}
	return p.Count(a.Rows) + p.Pick(" rows in = ", " 行输入 = ") + strings.Join(parts, " + ")
}

// facts lists how the report was made.
func facts(doc *Document, p phrase.Printer) []fact {
	pr := &doc.Provenance
	var out []fact
	add := func(en, zh, text string) {
		if text != "" {
			out = append(out, fact{p.Pick(en, zh), text})
		}
	}
	if rows, _ := pr.Account.Of(relation.Sold); rows > 0 {
		en, zh := "First and last sale", "首末销售"
		if pr.Table == eventsTable {
			en, zh = "First and last event", "首末事件"
		}
		add(en, zh, stamp(pr.Account.FirstSold)+" – "+stamp(pr.Account.LastSold))
	}
	if pr.AsOf != 0 && pr.AsOf != query.MaxTime {
		add("As of (exclusive)", "截止日（不含）", p.Day(day(pr.AsOf)))
	}
	add("Time zone", "时区", pr.Zone)
	add("Currency", "货币", doc.Currency)
	var maps []string
	for _, m := range pr.Mapping {
		if m.From != "" && m.From != m.Canonical {
			maps = append(maps, m.Canonical+" ← "+phrase.Name(m.From, 60))
		}
	}
	add("Columns", "列映射", strings.Join(maps, ", "))
	var rules []string
	for _, r := range pr.Rules {
		rules = append(rules, p.Reason(r.Name))
	}
	add("Clean rules, first wins", "清洗规则（先者优先）", strings.Join(rules, " → "))
	for _, n := range pr.Notices {
		add("Notice", "提示", phrase.Name(n, 400))
	}
	if pr.Now != 0 {
		add("Made", "生成时间", stamp(pr.Now)+" UTC")
	}
	add("Version", "版本", strings.TrimSpace("ecomctl "+pr.Version))
	return out
}

func stamp(micros int64) string { return time.UnixMicro(micros).UTC().Format("2006-01-02 15:04") }

package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Anomaly scores every point of series by how improbable it is given the past.
var Anomaly = Register(&Definition{
	Name:  "anomaly",
	Group: "Time",
	Short: Text{"What was unusual, when, and which part of the shop explains it", "何时出现异常，由店铺的哪一部分造成"},
	Long: `Scores every point of a measure of orders over time, or of series from a file
(unique_id, ds, y). expected is what the points before it announce: level and seasons of a
robust baseline; score is 1 − p, with p the probability of a value as strange as this one. The
score at t uses data up to t only, unless --retrospective looks at the whole series. While
an incident lasts that has been told, score stays at or below 0.9973 unless a point is far
less probable still; anomaly marks all its points that pass the level themselves.

--level is the score from which a point is an anomaly; without it, one false alarm is expected in
1,000 days over all series of the run, and none below 0.999. --budget 2/month sets that number. --fdr 0.1 instead bounds, at each time, the expected share
of false alarms among the series told (Benjamini–Hochberg). --alerts prints incidents instead
of points: from when to when, of which kind, how much, and which value of which dimension explains it;
it also watches each value of the dimensions by itself, for what fails in one region may be lost in the noise of all.
--method esd is the seasonal hybrid ESD test on the whole series in stretches of fourteen seasons: score is 1 − the
least level of the test at which the point is an outlier of its stretch (0 where the test does not reach it), --level 0.95
by default, --most the greatest share of outliers.
--country and --events-file name holidays and promotions: such a day is expected to be what it
was before; one that was never seen is judged with a wide scale, and its alert says which day it is.
--on orders or --on customers looks for odd rows instead: the score is the higher of an
isolation forest's and a robust distance's, columns names what made the row stand out.
--fail ends with exit code 3 when the last period of a series (or any row) is an anomaly.

` + columnList("Columns of --alerts", alertSpecs),
	Example: []string{
		"ecomctl anomaly orders.parquet --by region --budget 2/month --alerts",
		"ecomctl anomaly orders.parquet --country US --events-file promotions.csv --alerts",
		"ecomctl anomaly metrics.csv --level 0.9999 --where 'y >= 0'",
		"ecomctl anomaly orders.parquet --measure orders --freq hour --fail",
		"ecomctl anomaly orders.parquet --on orders --sort score:desc --limit 20",
	},
	Table:   "orders",
	Or:      []string{"series"},
	Needs:   []string{"order_ts"},
	NeedsOf: map[string][]string{"series": {"ds", "y"}},
	Params: append([]Param{
		{Name: "by", Kind: ListParam, Columns: true, Help: "one series for each value of these columns"},
		{Name: "measure", Kind: StringParam, Default: mRevenue, Choices: []string{mRevenue, mOrders, mUnits, mCustomers, "lines"}, Help: "what is counted (orders)"},
		{Name: "freq", Kind: StringParam, Help: "hour, day, week, month, quarter or year (default: day for orders, told by the stamps for series)"},
		{Name: "season", Kind: StringParam, Default: "auto", Help: "lengths of the seasons in periods, like 7 or 24,168; those that do not help are not used"},
		{Name: "level", Kind: FloatParam, Help: "`score` from which a point is an anomaly (default: 0.999, or what makes one false alarm in 1,000 days)"},
		{Name: "budget", Kind: StringParam, Help: "expected false alarms of the whole run, like 2/month, instead of --level"},
		{Name: "fdr", Kind: FloatParam, Help: "expected `share` of false alarms among the series told at one time, instead of --level"},
		{Name: "method", Kind: StringParam, Default: methodBaseline, Choices: []string{methodBaseline, methodESD}, Help: "what judges: the robust baseline, or the seasonal hybrid ESD test of whole series"},
		{Name: "most", Kind: FloatParam, Help: "greatest `share` of outliers that --method esd looks for (default 0.1)"},
		{Name: "retrospective", Kind: BoolParam, Default: "false", Help: "judge by the whole series: decomposition, robust remainder"},
		{Name: "alerts", Kind: BoolParam, Default: "false", Help: "print incidents with their kind and cause instead of points"},
		{Name: "dimensions", Kind: ListParam, Default: "auto", Columns: true, Help: "columns that may explain an alert (auto: region, country, category, channel, payment)"},
		{Name: "on", Kind: StringParam, Choices: []string{mOrders, mCustomers}, Help: "look for odd rows instead of odd times"},
		{Name: "fail", Kind: BoolParam, Default: "false", Help: "exit code 3 when the last period of a series, with --from any period since, or a row, is an anomaly"},
	}, eventParams...),
	Columns: anomalySpecs,
	Method:  "anomaly",
	Plan:    anomalyPlan,
	Finish:  anomalyFinish,
})

var anomalySpecs = []result.Spec{
	{Name: "unique_id", Type: expr.Text, Desc: "the series; total when there is one"},
	{Name: "ds", Type: expr.Date, Desc: "start of the period, or the stamp of the file"},
	{Name: "y", Type: expr.Float, Desc: "the value", Null: "missing in the file"},
	{Name: "expected", Type: expr.Float, Desc: "what the baseline expects", Null: "too few points before it"},
	{Name: "score", Type: expr.Float, Unit: result.Score, Desc: "1 − p: improbability of the point given the past", Null: "too few points before it, or no value"},
	{Name: "anomaly", Type: expr.Bool, Desc: "the point passes the level", Null: "not judged"},
}

func anomalyPlan(r *Request) (query.Plan, error) {
	if _, err := readAnomalyOptions(r); err != nil {
		return query.Plan{}, err
	}
	if on := r.Str("on"); on != "" {
		return rowsPlan(r, on)
	}
	all := *r
	all.From = query.MinTime // --from chooses the points that are told; the baseline is learned from all before them
	if r.Rel.Name == "series" {
		return anomalySeriesPlan(&all)
	}
	return anomalyOrdersPlan(&all)
}

func anomalyFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	o, err := readAnomalyOptions(r)
	if err != nil {
		return nil, err
	}
	if on := r.Str("on"); on != "" {
		return rowsFinish(ctx, r, a, on, o)
	}
	p, alerts, err := findAlerts(ctx, r, a, o)
	if err != nil {
		return nil, err
	}
	res := &Result{Notes: p.notes}
	res.Notes = append(res.Notes, p.summary(alerts))
	if p.spots != nil {
		res.Notes = append(res.Notes, p.eventNote())
	}
	if o.alerts {
		res.Main = alertTable(p, alerts)
	} else {
		res.Main = p.table()
	}
	if o.fail {
		res.Broken = p.broken(r, alerts)
	}
	return res, nil
}

// findAlerts reads the answer, judges every point and joins the anomalies to alerts with causes.
func findAlerts(ctx context.Context, r *Request, a *query.Answer, o anomalyOptions) (*timeline, []alert, error) {
	all := *r
	all.From = query.MinTime
	p, err := readTimeline(&all, a, o)
	if err != nil {
		return nil, nil, err
	}
	budget := 1 - p.level
	if o.alerts && !o.esd { // a part of the false alarms is left to the values of dimensions
		p.level = 1 - (1-watchShare)*budget
	}
	if err := p.fits(r.Memory); err != nil {
		return nil, nil, err
	}
	if err := p.judge(ctx, o, max(1, r.Threads)); err != nil {
		return nil, nil, err
	}
	p.since(r.From)
	alerts := p.alerts()
	p.explain(a, alerts)
	if o.alerts && !o.retrospective && !o.esd {
		alerts, err = p.watch(ctx, a, alerts, watchShare*budget, max(1, r.Threads))
		alerts = slices.DeleteFunc(alerts, func(al alert) bool { return p.before(al.series, al.to, r.From) })
	}
	return p, alerts, err
}

// before reports whether a position lies before a time; integer stamps have none.
func (p *timeline) before(series, i int, from int64) bool {
	return from != query.MinTime && p.stampType != expr.Int && p.stampAt(series, i) < from
}

// since leaves out what was judged before a time: it is neither shown nor told.
func (p *timeline) since(from int64) {
	for k := range p.series {
		s := &p.series[k]
		for i := range s.points {
			if !p.before(k, i, from) {
				continue
			}
			if s.absent == nil {
				s.absent = make([]bool, len(s.y))
			}
			s.absent[i] = true
			s.points[i].Score, s.points[i].P, s.points[i].Anomaly = math.NaN(), math.NaN(), false
		}
	}
}

// broken is the error of --fail: an anomaly in the last judged period of a series or, where --from says
// what is new, in any period since; or nothing to look at since then.
func (p *timeline) broken(r *Request, alerts []alert) error {
	since := r.From != query.MinTime
	n, first := 0, ""
	if since && !slices.ContainsFunc(p.series, func(s timeSeries) bool { return s.showsAny() }) {
		return fault.New(fault.Data, "anomaly: nothing to judge since %s: the data end before", dayText(r.From)).
			WithHint("did the export stop?")
	}
	for _, al := range alerts {
		if !since && al.to < p.series[al.series].lastJudged() {
			continue
		}
		if n++; n == 1 {
			first = p.alertText(al)
		}
	}
	if n == 0 {
		return nil
	}
	if since {
		return fault.New(fault.Data, "anomaly: %s since %s: %s", counted(n, "incident"), dayText(r.From), first).WithHint("--alerts lists all of them")
	}
	return fault.New(fault.Data, "anomaly: an alert at the end of %d series: %s", n, first).
		WithHint("--alerts lists all of them")
}

// lastJudged is the position of the last point that has a score.
func (s *timeSeries) lastJudged() int {
	for i := len(s.points) - 1; i >= 0; i-- {
		if s.points[i].Score == s.points[i].Score {
			return i
		}
	}
	return len(s.points)
}

// table lists the points.
func (p *timeline) table() *result.Table {
	specs := append([]result.Spec(nil), anomalySpecs...)
	specs[0].Type, specs[1].Type = p.idType, p.stampType
	cols := newColumns(specs, p.points())
	for k := range p.series {
		s := &p.series[k]
		for i, pt := range s.points {
			if !s.shown(i) {
				continue
			}
			p.appendID(&cols[0], k)
			result.AppendInt(&cols[1], p.cell(p.stampAt(k, i)))
			appendFloatOrNull(&cols[2], s.y[i])
			appendFloatOrNull(&cols[3], pt.Expected)
			appendFloatOrNull(&cols[4], pt.Score)
			switch {
			case pt.Score != pt.Score:
				result.AppendNull(&cols[5])
			case pt.Anomaly:
				result.AppendInt(&cols[5], 1)
			default:
				result.AppendInt(&cols[5], 0)
			}
		}
	}
	return tableOf("anomaly", specs, cols)
}

// summary says in one line what was found.
func (p *timeline) summary(alerts []alert) string {
	judged, flagged, inParts := 0, 0, 0
	for _, al := range alerts {
		if al.slice {
			inParts++
		}
	}
	for i := range p.series {
		for _, pt := range p.series[i].points {
			if pt.Score == pt.Score {
				judged++
			}
			if pt.Anomaly {
				flagged++
			}
		}
	}
	if judged == 0 {
		return fmt.Sprintf("%s: a point is judged by at least %d before it; no series has so many", p.name, anomaly.Least)
	}
	text := fmt.Sprintf("%s, %s judged", p.name, counted(judged, "point"))
	if p.level > 0 {
		text += " at level " + levelText(p.level)
	}
	if text += ": no anomaly"; flagged > 0 {
		text = strings.TrimSuffix(text, "no anomaly") + counted(flagged, "anomaly") + " in " + counted(len(alerts)-inParts, "incident")
	}
	if inParts > 0 {
		text += ", and " + counted(inParts, "incident") + " in parts of the series"
	}
	if p.level > 0 && !p.byTest {
		text += fmt.Sprintf("; at most %.3g false ones are expected", (1-p.level)*float64(judged))
	}
	if worst := worstAlert(alerts); worst >= 0 {
		text += "; the strangest: " + p.alertText(alerts[worst])
	}
	return text
}

// columnList describes columns of a table other than the main one in help.
func columnList(head string, specs []result.Spec) string {
	lines := []string{head + ":"}
	for _, s := range specs {
		line := fmt.Sprintf("  %-15s %s", s.Name, s.Desc)
		if s.Null != "" {
			line += " (null: " + s.Null + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// counted writes a number with its noun: 1 series, 2 anomalies.
func counted(n int, noun string) string {
	switch {
	case n == 1 || noun == "series":
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// worstAlert returns the alert of the least probable point, −1 for none.
func worstAlert(alerts []alert) int {
	best := -1
	for i, al := range alerts {
		if best < 0 || al.p < alerts[best].p {
			best = i
		}
	}
	return best
}

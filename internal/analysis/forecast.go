package analysis

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/calendar"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Forecast tells what comes next, with how sure that is.
var Forecast = Register(&Definition{
	Name:  "forecast",
	Group: "Time",
	Short: Text{"Forecasts with intervals that were tested on the past", "带有经历史检验区间的预测"},
	Long: `Forecasts a measure of an orders table (revenue by day unless --measure and --freq say
otherwise), or each series of a series file (unique_id, ds, y). Orders: periods without a sale are 0
from a series' first sale to the common end; a first or last period that is not complete is left out
and said so; --by region,category forecasts each pair and adds up, so that the total and the regions
equal the sums of their parts. Series files: what is not there is missing; the frequency is the
longest calendar unit that fits 90 % of the steps, or --freq; whole numbers are steps.

--model auto weighs several statistical models by their errors on the past and tells which in the column
model. A series that a model does not fit falls back to a simpler one and says why. The
intervals are those of the model, stretched to the errors of forecasts made from within the series
(rolling origins); their coverage there is printed. --cv N prints the errors of N rolling origins
instead; it takes several models: --cv 3 --model auto,ets,naive. An odd value at the end that nothing announces (one
order of a wholesaler on the last day) is not fitted, and named in a note; --outliers keep fits it.

` + columnList("Columns of --cv", cvSpecs),
	Example: []string{
		"ecomctl forecast orders.parquet --horizon 28",
		"ecomctl forecast orders.parquet --freq week --by region,category --measure units -o plan.csv",
		"ecomctl forecast series.parquet --horizon 13 --model theta",
		"ecomctl forecast orders.parquet --freq week --cv 4 --model auto,ets,snaive",
	},
	Table:   "orders",
	Or:      []string{"series"},
	Needs:   []string{"order_ts"},
	NeedsOf: map[string][]string{"series": {"ds", "y"}},
	Uses:    []string{"order_id", "customer_id", "quantity"},
	Params: append([]Param{
		{Name: "horizon", Kind: IntParam, Default: "", Help: "periods ahead (default: 48 hours, 28 days, 13 weeks, 12 months, 8 quarters, 6 years, 12 steps)"},
		{Name: "by", Kind: ListParam, Default: "", Columns: true, Help: "columns of orders whose values are series of their own; they add up to the total"},
		{Name: "measure", Kind: StringParam, Default: "", Choices: []string{mRevenue, mOrders, mUnits, mCustomers}, Help: "what of orders is forecast, revenue if not said"},
		{Name: "freq", Kind: StringParam, Default: "", Help: "hour, day, week, month, quarter or year (orders: day; series: found)"},
		{Name: "season", Kind: StringParam, Default: "auto", Help: "periods of a season, several like 24,168, or 1 for none"},
		{Name: "model", Kind: ListParam, Default: "auto", Help: "model: " + strings.Join(modelNames(), ", ")},
		{Name: "cv", Kind: IntParam, Default: "", Help: "print errors of so many rolling origins instead"},
		outlierParam,
	}, eventParams...),
	Columns: forecastSpecs,
	Method:  "forecast",
	NoNet:   false,
	Plan:    panelPlan,
	Finish:  forecastFinish,
})

var forecastSpecs = []result.Spec{
	{Name: "unique_id", Type: expr.Text, Desc: "the series; total is the sum of all"},
	{Name: "ds", Type: expr.Date, Desc: "start of the period; a time for hours, a whole number for steps"},
	{Name: "forecast", Type: expr.Float, Desc: "what is expected", Null: "the series has no value"},
	{Name: "lo_80", Type: expr.Float, Desc: "lower end of the 80 % interval", Null: "too few values to tell the spread"},
	{Name: "hi_80", Type: expr.Float, Desc: "upper end of the 80 % interval", Null: "too few values to tell the spread"},
	{Name: "lo_95", Type: expr.Float, Desc: "lower end of the 95 % interval", Null: "too few values to tell the spread"},
	{Name: "hi_95", Type: expr.Float, Desc: "upper end of the 95 % interval", Null: "too few values to tell the spread"},
	{Name: "model", Type: expr.Text, Desc: "what was fitted, and why where it is not what was asked"},
}

var cvSpecs = []result.Spec{
	{Name: "unique_id", Type: expr.Text, Desc: "the series"},
	{Name: "model", Type: expr.Text, Desc: "the model"},
	{Name: "mase", Type: expr.Float, Desc: "mean absolute error / that of the seasonal naive method within the history", Null: "the history does not move"},
	{Name: "smape", Type: expr.Float, Desc: "symmetric mean absolute percentage error, 0 to 200", Null: "no origin was possible"},
	{Name: "rmsse", Type: expr.Float, Desc: "root mean squared error / that of the naive method within the history", Null: "the history does not move"},
}

// forecastOptions are the parameters of forecast, read.
type forecastOptions struct {
	horizon int
	models  []string
	cv      int
	threads int
	events  []calendar.Event

	keepOutliers bool // as --outliers keep
}

// mostHorizon bounds the periods ahead: more is a mistake and would fill the memory.
const mostHorizon = 100_000

func countParam(r *Request, name string, most int) (int, error) {
	s := r.Str(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, fault.New(fault.Usage, "--%s %s: a whole number from 1 to %d is wanted", name, s, most)
	}
	return n, nil
}

func readForecastOptions(r *Request, unit query.Cut) (o forecastOptions, err error) {
	if o.horizon, err = countParam(r, "horizon", mostHorizon); err != nil {
		return o, err
	}
	if o.horizon == 0 {
		o.horizon = horizonOf(unit)
	}
	if o.cv, err = countParam(r, "cv", 1000); err != nil {
		return o, err
	}
	o.models = words(r.Str("model"))
	if len(o.models) == 0 {
		o.models = []string{"auto"}
	}
	if len(o.models) > 1 && o.cv == 0 {
		return o, fault.New(fault.Usage, "--model %s: one model forecasts; --cv N compares several", r.Str("model"))
	}
	for _, m := range o.models {
		if _, err := modelOf(m, modelSetting{}); err != nil {
			return o, err
		}
	}
	o.threads = max(1, r.Threads)
	o.keepOutliers, err = readOutliers(r)
	return o, err
}

func forecastFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	p, err := readPanel(r, a)
	if err != nil {
		return nil, err
	}
	p.forget()
	o, err := readForecastOptions(r, p.grid.unit)
	if err != nil {
		return nil, err
	}
	if err := p.ends(o.horizon); err != nil {
		return nil, err
	}
	seasons, err := p.seasons(r.Str("season"))
	if err != nil {
		return nil, err
	}
	if rows := int64(len(p.series)) * int64(o.horizon); rows > 200_000_000 {
		return nil, fault.New(fault.Usage, "--horizon %d: %d series make %d rows", o.horizon, len(p.series), rows).WithHint("choose a shorter horizon or fewer series")
	}
	res := &Result{Notes: p.notes}
	if r.Rel.Name == "orders" {
		res.AsOf = asOfDay(r, a) * dayMicros
	}
	if o.events, err = readEvents(r, p, o.horizon); err != nil {
		return nil, err
	}
	if o.cv > 0 {
		return res, crossValidate(ctx, p, o, seasons, r.Str("season"), res)
	}
	f, err := runForecast(ctx, p, o, seasons)
	if err != nil {
		return nil, err
	}
	res.Main = f.table()
	res.Notes = append(res.Notes, f.notes()...)
	return res, nil
}

// scaleSeason is the season of MASE: that of the M4 competition for calendar frequencies.
func scaleSeason(p *panel, season string, seasons []int) int {
	switch p.grid.unit {
	case query.Hour:
		return 24
	case query.Month:
		return 12
	case query.Quarter:
		return 4
	case query.NoCut:
		if season != "" && season != "auto" {
			return seasons[0]
		}
	}
	return 1
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

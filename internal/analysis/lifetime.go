package analysis

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/btyd"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Lifetime predicts what each customer will still buy.
var Lifetime = Register(&Definition{
	Name:  "lifetime",
	Group: "Customers",
	Short: Text{"Who is still a customer, how often they will order, and what that is worth", "谁仍是客户、还会下单几次、价值多少"},
	Long: `Fits a BG/NBD model (or Pareto/NBD) to the order days of every known customer and a
Gamma–Gamma model to their money, by maximum likelihood. frequency is distinct order
days − 1, recency the time from the first to the last of them, age the time from the first to the
last observed day (as-of − 1, or --calibration-end, inclusive). monetary is the mean money of
the repeat order days, the first excluded. clv is the expected money of the expected order
days within --horizon, discounted. With --calibration-end the days after it test the forecast.
--params prints the fitted models with standard errors instead.`,
	Example: []string{
		"ecomctl lifetime orders.parquet --horizon 90d --sort clv:desc --limit 20",
		"ecomctl lifetime orders.parquet --calibration-end 2025-09-30 --horizon 90d -o clv.parquet",
		"ecomctl lifetime CDNOW_sample.txt --preset cdnow --calibration-end 1997-09-30 --params",
	},
	Table: "orders",
	Needs: []string{"order_ts", "customer_id"},
	Params: []Param{
		{Name: "horizon", Kind: StringParam, Default: "90d", Help: "time ahead: 90d, 13w, 12m (30 days), 1y (365 days)"},
		{Name: "unit", Kind: StringParam, Default: "week", Choices: []string{"week", "day"}, Help: "unit of recency, age and the model"},
		{Name: "calibration-end", Kind: StringParam, Default: "", Help: "last `date` the model sees; later days test it"},
		{Name: "model", Kind: StringParam, Default: "bgnbd", Choices: []string{"bgnbd", "pareto"}, Help: "model of order days"},
		{Name: "discount", Kind: FloatParam, Default: "0.1", Help: "discount rate a year"},
		{Name: "params", Kind: BoolParam, Default: "false", Help: "print the fitted parameters"},
	},
	Columns: lifetimeSpecs,
	Method:  "lifetime",
	Plan:    lifetimePlan,
	Finish:  lifetimeFinish,
	Section: lifetimeSection,
})

var lifetimeSpecs = []result.Spec{
	{Name: "customer_id", Type: expr.Text, Desc: "the customer; integer ids stay integers"},
	{Name: "frequency", Type: expr.Int, Desc: "distinct order days − 1"},
	{Name: "recency", Type: expr.Float, Desc: "first to last order day, in --unit"},
	{Name: "age", Type: expr.Float, Desc: "first order day to the last observed day, in --unit"},
	{Name: "monetary", Type: expr.Float, Unit: result.Money, Desc: "mean money of repeat order days", Null: "no repeat order day"},
	{Name: "p_alive", Type: expr.Float, Unit: result.Ratio, Desc: "probability of still being a customer"},
	{Name: "expected_orders", Type: expr.Float, Unit: result.Orders, Desc: "order days expected within the horizon"},
	{Name: "clv", Type: expr.Float, Unit: result.Money, Desc: "expected money within the horizon, discounted", Null: "the money model has no mean, or none fits"},
}

var paramSpecs = []result.Spec{
	{Name: "model", Type: expr.Text, Desc: "the model"},
	{Name: "parameter", Type: expr.Text, Desc: "its parameter, or log_likelihood or customers"},
	{Name: "value", Type: expr.Float, Desc: "the estimate"},
	{Name: "std_error", Type: expr.Float, Desc: "standard error", Null: "not a parameter, or the curvature does not tell"},
}

func lifetimePlan(r *Request) (query.Plan, error) {
	q := r.baseQuery("lifetime")
	q.Scope = relation.Only(relation.Sold)
	q.Where = andKnown(q.Where, "customer_id")
	q.Dims = []query.Dim{{Name: "customer_id", Column: "customer_id"}, {Name: "day", Column: relation.OrderTS, Cut: query.Day}}
	q.Measures = []query.Measure{{Name: "money", Op: query.Sum, Column: relation.MoneyColumn}}
	return query.Plan{Queries: []query.Query{q}}, nil
}

// lifetimeOptions are the parameters of lifetime, read.
type lifetimeOptions struct {
	horizon     float64 // in units
	unitDays    float64
	end         int64 // last day seen
	holdoutDays int64 // observed after end
	pareto      bool
	discount    float64 // a year
}

// days parses 90d, 13w, 12m, 1y.
func days(flag, s string) (float64, error) {
	unit := map[byte]float64{'d': 1, 'w': 7, 'm': 30, 'y': 365}
	if s != "" {
		if per, ok := unit[s[len(s)-1]]; ok {
			if v, err := strconv.ParseFloat(s[:len(s)-1], 64); err == nil && v > 0 && v*per < 36_525 {
				return v * per, nil
			}
		}
	}
	return 0, fault.New(fault.Usage, "--%s %s: not a span of time", flag, s).WithHint("spans look like 90d, 13w, 12m or 1y, up to a hundred years")
}

func readLifetimeOptions(r *Request, a *query.Answer) (o lifetimeOptions, err error) {
	o.unitDays = 7
	if r.Str("unit") == "day" {
		o.unitDays = 1
	}
	h, err := days("horizon", r.Str("horizon"))
	if err != nil {
		return o, err
	}
	o.horizon = h / o.unitDays
	o.pareto = r.Str("model") == "pareto"
	if o.discount, err = strconv.ParseFloat(r.Str("discount"), 64); err != nil || !(o.discount >= 0 && o.discount < 10) {
		return o, fault.New(fault.Usage, "--discount %s: a yearly rate such as 0.1 is wanted", r.Str("discount"))
	}
	last := asOfDay(r, a) - 1
	o.end = last
	if s := r.Str("calibration-end"); s != "" {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return o, fault.New(fault.Usage, "--calibration-end %s: not a date like 2025-09-30", s)
		}
		o.end = civil.FloorDiv(t.Unix(), 86400)
		o.holdoutDays = last - o.end
		if o.holdoutDays < 0 {
			return o, fault.New(fault.Usage, "--calibration-end %s lies after the last observed day %s", s, dateText(last))
		}
	}
	return o, nil
}

// buyers are the customers who ordered by the end of the calibration.
type buyers struct {
	idx      []int // a row of each customer in the query table
	history  []btyd.History
	monetary []float64 // NaN without repeat days
	later    []float64 // order days after the end
}

// readBuyers folds (customer, day) rows, which come sorted, into histories.
func readBuyers(t *query.Table, o lifetimeOptions) *buyers {
	b := &buyers{}
	if t.N == 0 {
		return b
	}
	id, day, money := t.Col("customer_id"), t.Col("day").I64, t.Col("money").I64
	same := func(i, j int) bool {
		if id.Kind == frame.String {
			return string(id.Str(i)) == string(id.Str(j))
		}
		return id.I64[i] == id.I64[j]
	}
	for i := 0; i < t.N; {
		j := i + 1
		for j < t.N && same(i, j) {
			j++
		}
		seen := i
		for seen < j && day[seen] <= o.end {
			seen++
		}
		if seen > i {
			h := btyd.History{X: float64(seen - i - 1), TX: float64(day[seen-1]-day[i]) / o.unitDays, T: float64(o.end-day[i]) / o.unitDays}
			var spent int64
			for _, m := range money[i+1 : seen] {
				spent += m
			}
			z := math.NaN()
			if h.X > 0 {
				z = float64(spent) / 1e4 / h.X
			}
			b.idx, b.history, b.monetary, b.later = append(b.idx, i), append(b.history, h), append(b.monetary, z), append(b.later, float64(j-seen))
		}
		i = j
	}
	return b
}

func lifetimeFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	o, err := readLifetimeOptions(r, a)
	if err != nil {
		return nil, err
	}
	b := readBuyers(a.Tables[0], o)
	if a.Tables[0].N == 0 {
		return nil, fault.New(fault.Input, "lifetime: no sold line has a known customer").
			WithHint("look at the account of rows with `ecomctl profile`; map the customer with --map customer_id=Column")
	}
	if len(b.idx) == 0 {
		return nil, fault.New(fault.Input, "lifetime: no known customer ordered by %s", dateText(o.end))
	}
	f, err := fitLifetime(ctx, b, o, max(1, r.Threads))
	if err != nil {
		return nil, err
	}
	res := &Result{AsOf: asOfDay(r, a) * dayMicros, Notes: f.notes(b, o)}
	if r.Str("params") == "true" {
		res.Main = f.table(len(b.idx))
		return res, nil
	}
	p, err := predict(ctx, f, b, o, max(1, r.Threads))
	if err != nil {
		return nil, err
	}
	if o.holdoutDays > 0 {
		note, err := holdoutNote(ctx, f, b, o, max(1, r.Threads))
		if err != nil {
			return nil, err
		}
		res.Notes = append(res.Notes, note)
	}
	res.Main = lifetimeTable(a.Tables[0], b, p)
	return res, nil
}

// prediction is the forecast of each customer and its money; NaN where that cannot be told.
type prediction struct {
	orders []btyd.Forecast
	clv    []float64
}

// predict forecasts every customer.
func predict(ctx context.Context, f *fitted, b *buyers, o lifetimeOptions, threads int) (*prediction, error) {
	horizon := btyd.Horizon{Span: o.horizon, Rate: math.Log1p(o.discount) * o.unitDays / 365, Year: 365 / o.unitDays}
	orders, err := btyd.Predict(ctx, f.orders, b.history, horizon, threads)
	if err != nil {
		return nil, err
	}
	p := &prediction{orders: orders, clv: make([]float64, len(b.idx))}
	for i, h := range b.history {
		p.clv[i] = f.orderMoney(h.X, b.monetary[i]) * orders[i].Discounted
	}
	return p, nil
}

// holdoutNote compares forecast and truth after the calibration, beside the trivial
// forecast that everybody goes on at the rate they had.
func holdoutNote(ctx context.Context, f *fitted, b *buyers, o lifetimeOptions, threads int) (string, error) {
	span := float64(o.holdoutDays) / o.unitDays
	forecast, err := btyd.Predict(ctx, f.orders, b.history, btyd.Horizon{Span: span}, threads)
	if err != nil {
		return "", err
	}
	var model, naive, total, told float64
	for i, h := range b.history {
		rate := 0.0
		if h.T > 0 {
			rate = h.X / h.T * span
		}
		model += math.Abs(forecast[i].Orders - b.later[i])
		naive += math.Abs(rate - b.later[i])
		total += b.later[i]
		told += forecast[i].Orders
	}
	n := float64(len(b.idx))
	return fmt.Sprintf("hold-out of %d days: %.0f order days came, %.1f were forecast; mean absolute error a customer %.4f, of going on at the past rate %.4f",
		o.holdoutDays, total, told, model/n, naive/n), nil
}

func lifetimeTable(t *query.Table, b *buyers, p *prediction) *result.Table {
	specs := append([]result.Spec(nil), lifetimeSpecs...)
	specs[0].Type = t.Types[0]
	cols := newColumns(specs, len(b.idx))
	cols[0] = result.Gather(t.Col("customer_id"), b.idx)
	for i, h := range b.history {
		result.AppendInt(&cols[1], int64(h.X))
		result.AppendFloat(&cols[2], h.TX)
		result.AppendFloat(&cols[3], h.T)
		appendFloatOrNull(&cols[4], b.monetary[i])
		result.AppendFloat(&cols[5], p.orders[i].Alive)
		appendFloatOrNull(&cols[6], p.orders[i].Orders)
		appendFloatOrNull(&cols[7], p.clv[i])
	}
	return tableOf("lifetime", specs, cols)
}

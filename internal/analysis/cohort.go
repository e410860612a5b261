package analysis

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Cohort follows customers by the calendar period of their first order.
var Cohort = Register(&Definition{
	Name:  "cohort",
	Group: "Customers",
	Short: Text{"Who comes back: retention and revenue by first-order cohort", "按首购时间分群的留存与销售额"},
	Long: `Customers are grouped by the calendar period (month by default) of their first order,
found on all input before --to. period counts calendar periods since the cohort's
own; retention = active / customers. A cell that cannot be observed yet is a row
with null active; complete is false while its period is still open at as-of. The
first cohort is left-censored: it also holds customers who first bought before the data begin.`,
	Example: []string{"ecomctl cohort orders.parquet", "ecomctl cohort orders.parquet --period week --from 2025-01-01"},
	Table:   "orders",
	Needs:   []string{"order_ts", "customer_id"},
	Params: []Param{{Name: "period", Kind: StringParam, Default: "month",
		Choices: []string{"day", "week", "month", "quarter", "year"}, Help: "calendar period of cohorts and activity"}},
	Columns: []result.Spec{
		{Name: "cohort", Type: expr.Date, Desc: "first day of the period of the customers' first order"},
		{Name: "period", Type: expr.Int, Desc: "calendar periods since the cohort's own; 0 is its own"},
		{Name: "customers", Type: expr.Int, Unit: result.Customers, Desc: "customers of the cohort"},
		{Name: "active", Type: expr.Int, Unit: result.Customers, Desc: "customers of the cohort with an order in the period", Null: "not observable yet"},
		{Name: "retention", Type: expr.Float, Unit: result.Ratio, Desc: "active / customers", Null: "not observable yet"},
		{Name: "revenue", Type: expr.Money, Unit: result.Money, Desc: "revenue of the cohort in the period", Null: "not observable yet"},
		{Name: "complete", Type: expr.Bool, Desc: "the period had ended at as-of"},
	},
	Method:  "cohort",
	Plan:    cohortPlan,
	Finish:  cohortFinish,
	Section: cohortSection,
})

func cohortCut(r *Request) (query.Cut, error) {
	p := r.Str("period")
	if p == "" {
		p = "month"
	}
	cut, ok := query.ParseCut(p)
	if !ok || cut < query.Day || cut > query.Year {
		return 0, fault.New(fault.Usage, "--period %s: not a calendar period", p).WithHint("periods are day, week, month, quarter, year")
	}
	return cut, nil
}

// cohortPlan asks for the cells (cohort × period) and, as the filters may hide the
// customers' first orders, for the sizes of the cohorts.
func cohortPlan(r *Request) (query.Plan, error) {
	cut, err := cohortCut(r)
	if err != nil {
		return query.Plan{}, err
	}
	sold := relation.Only(relation.Sold)
	cohort := query.Dim{Name: "cohort", Column: relation.OrderTS, Cut: cut, FirstPer: "customer_id", FirstScope: sold}
	people := query.Measure{Name: "customers", Op: query.CountDistinct, Column: "customer_id", Scope: sold}
	cells := r.baseQuery("cohort") // with --net a cell may hold nothing but reversals
	cells.Dims = []query.Dim{cohort, {Name: "at", Column: relation.OrderTS, Cut: cut}}
	revenue, _ := r.measure(mRevenue)
	cells.Measures = []query.Measure{people, revenue}
	plan := query.Plan{Queries: []query.Query{cells}}
	if r.From != query.MinTime || r.Where != nil {
		sizes := query.Query{Name: "cohort-sizes", Scope: sold, From: query.MinTime, To: r.To,
			Dims: []query.Dim{cohort}, Measures: []query.Measure{people}}
		plan.Queries = append(plan.Queries, sizes)
	}
	return plan, nil
}

// cohortCell is one observed (cohort, period) pair.
type cohortCell struct{ active, money int64 }

// cohortGrid is the answer as sparse cells over period starts (days since 1970).
type cohortGrid struct {
	cut     query.Cut
	cohorts []int64 // ascending
	sizes   map[int64]int64
	cells   map[[2]int64]cohortCell
	from    int64 // first reported day
	end     int64 // first day that is not observed any more: as-of, or --to before it
}

func newCohortGrid(r *Request, a *query.Answer) (*cohortGrid, error) {
	cut, err := cohortCut(r)
	if err != nil {
		return nil, err
	}
	g := &cohortGrid{cut: cut, sizes: map[int64]int64{}, cells: map[[2]int64]cohortCell{}, from: minDay, end: asOfDay(r, a)}
	if r.From != query.MinTime {
		g.from = civil.FloorDiv(r.From, dayMicros)
	}
	if r.To != query.MaxTime {
		g.end = min(g.end, civil.FloorDiv(r.To+dayMicros-1, dayMicros))
	}
	t := a.Tables[0]
	cohort, at := t.Col("cohort").I64, t.Col("at").I64
	people, money := t.Col("customers").I64, t.Col(mRevenue).I64
	for i := range t.N {
		if t.Col("cohort").IsNull(i) { // customers who only ever sent something back
			continue
		}
		g.cells[[2]int64{cohort[i], at[i]}] = cohortCell{people[i], money[i]}
		if cohort[i] == at[i] {
			g.sizes[cohort[i]] = people[i]
		}
		if len(g.cohorts) == 0 || g.cohorts[len(g.cohorts)-1] != cohort[i] {
			g.cohorts = append(g.cohorts, cohort[i])
		}
	}
	if len(a.Tables) > 1 {
		s := a.Tables[1]
		g.cohorts = append([]int64(nil), s.Col("cohort").I64[:s.N]...)
		for i, c := range g.cohorts {
			g.sizes[c] = s.Col("customers").I64[i]
		}
	}
	return g, nil
}

const minDay = -1 << 40

func cohortFinish(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	g, err := newCohortGrid(r, a)
	if err != nil {
		return nil, err
	}
	res := &Result{Main: g.table(), AsOf: asOfDay(r, a) * dayMicros}
	if len(g.cohorts) > 0 {
		res.Notes = append(res.Notes, "the first cohort ("+dateText(g.cohorts[0])+
			") is left-censored: it also holds customers who first bought before the data begin")
	}
	return res, nil
}

// table lays the grid out: every cohort has as many periods as the oldest one.
func (g *cohortGrid) table() *result.Table {
	cols := make([]frame.Column, len(Get("cohort").Columns))
	for i, spec := range Get("cohort").Columns {
		cols[i] = result.NewData(spec.Type, len(g.cohorts)*len(g.cohorts))
	}
	periods := 0
	if len(g.cohorts) > 0 {
		for k := g.cohorts[0]; k < g.end; k = nextPeriod(k, g.cut) {
			periods++
		}
	}
	n := 0
	for _, c := range g.cohorts {
		at := c
		for p := range periods {
			next := nextPeriod(at, g.cut)
			if next > g.from {
				g.appendRow(cols, c, int64(p), at, next)
				n++
			}
			at = next
		}
	}
	out := &result.Table{Name: "cohort", N: n}
	for i, spec := range Get("cohort").Columns {
		out.Columns = append(out.Columns, result.Column{Spec: spec, Data: cols[i]})
	}
	return out
}

func (g *cohortGrid) appendRow(cols []frame.Column, cohort, period, at, next int64) {
	size := g.sizes[cohort]
	result.AppendInt(&cols[0], cohort)
	result.AppendInt(&cols[1], period)
	result.AppendInt(&cols[2], size)
	if at >= g.end {
		for i := 3; i <= 5; i++ {
			result.AppendNull(&cols[i])
		}
		result.AppendInt(&cols[6], 0)
		return
	}
	cell := g.cells[[2]int64{cohort, at}]
	result.AppendInt(&cols[3], cell.active)
	result.AppendFloat(&cols[4], float64(cell.active)/float64(size))
	result.AppendInt(&cols[5], cell.money)
	complete := int64(0)
	if next <= g.end {
		complete = 1
	}
	result.AppendInt(&cols[6], complete)
}

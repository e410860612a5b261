package local_test

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

// The benchmarks read the order file named by ECOMCTL_BENCH_ORDERS, with state
// of at most ECOMCTL_BENCH_MEGABYTES (0: no bound).

func benchRelation(b testing.TB) *relation.Relation {
	path := os.Getenv("ECOMCTL_BENCH_ORDERS")
	if path == "" {
		b.Skip("ECOMCTL_BENCH_ORDERS names no file")
	}
	ds, err := open.Open(context.Background(), []string{path}, open.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ds.Close() })
	rel, _, err := schema.Build(context.Background(), schema.BuildOptions{Fact: ds, Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).UnixMicro()})
	if err != nil {
		b.Fatal(err)
	}
	return rel
}

var (
	revenue   = query.Measure{Name: "revenue", Op: query.Sum, Column: relation.MoneyColumn}
	orders    = query.Measure{Name: "orders", Op: query.CountDistinct, Column: "order_id"}
	customers = query.Measure{Name: "customers", Op: query.CountDistinct, Column: "customer_id"}
	units     = query.Measure{Name: "units", Op: query.Sum, Column: "quantity"}
)

func byTime(c query.Cut) query.Query {
	return query.Query{Name: c.String(), Dims: []query.Dim{{Name: "date", Column: "order_ts", Cut: c}}, Measures: []query.Measure{revenue, orders, units, customers}}
}

func by(col string, m ...query.Measure) query.Query {
	return query.Query{Name: col, Dims: []query.Dim{{Name: col, Column: col}}, Measures: m}
}

func dailyPlan() query.Plan { return query.Plan{Queries: []query.Query{byTime(query.Day)}} }

func rfmQuery() query.Query {
	return by("customer_id", query.Measure{Name: "last", Op: query.Max, Column: "order_ts", Cut: query.Day}, orders, revenue)
}

func rfmPlan() query.Plan { return query.Plan{Queries: []query.Query{rfmQuery()}} }

func reportPlan() query.Plan {
	cohort := query.Query{Name: "cohort", Dims: []query.Dim{{Name: "cohort", Column: "order_ts", Cut: query.Month, FirstPer: "customer_id"}, {Name: "period", Column: "order_ts", Cut: query.Month}},
		Measures: []query.Measure{customers, revenue}}
	return query.Plan{Nulls: true, Duplicates: true, Queries: []query.Query{byTime(query.Day), byTime(query.Month), byTime(query.Week), byTime(query.Weekday),
		by("category", revenue, units, orders, customers), by("region", revenue, units, orders, customers), by("product_id", revenue, units), rfmQuery(), cohort}}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func bench(b *testing.B, plan query.Plan) {
	rel := benchRelation(b)
	megabytes, _ := strconv.ParseInt(os.Getenv("ECOMCTL_BENCH_MEGABYTES"), 10, 64)
	e := local.New(local.Options{Memory: megabytes << 20})
	before := cpu()
	for b.Loop() {
		if _, err := e.Run(context.Background(), rel, plan); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu()-before).Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(b.Elapsed().Seconds())/float64(b.N), "s/op")
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) == nil {
		b.ReportMetric(float64(u.Maxrss)/1024, "peak-MB")
	}
}

func BenchmarkDaily(b *testing.B)  { bench(b, dailyPlan()) }
func BenchmarkRFM(b *testing.B)    { bench(b, rfmPlan()) }
func BenchmarkReport(b *testing.B) { bench(b, reportPlan()) }

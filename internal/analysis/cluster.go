package analysis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Cluster groups customers, or the rows of any table, that are alike.
var Cluster = Register(&Definition{
	Name:  "cluster",
	Group: "Customers",
	Short: Text{"Groups of customers that are alike, or of rows of any table of numbers", "相似客户的分组，或任意数值表的分组"},
	Long: `Groups customers by k-means over --features of the features table (also orders_30d,
units_30d, revenue_30d for any number of days), or the rows of a table of numbers. Columns are
scaled first: log is ln(1 + |x|) with the sign kept, then mean 0 and standard deviation 1; robust
is (x − median) / interquartile range. --k auto takes the k from 2 to 10 with the highest mean
silhouette: exact, over all pairs of up to 4,000 rows drawn with --seed, of partitions fitted to
up to 50,000. Clusters of customers are numbered by mean revenue, highest first, those of rows by
size. distance is the Euclidean distance to the centroid in scaled columns.

--save keeps scales and centroids in a file; --apply gives new customers the clusters of such a
file, as of their own day, and fits nothing.`,
	Example: []string{
		"ecomctl cluster orders.parquet -o clusters.parquet --centroids centroids.csv",
		"ecomctl cluster orders.csv --k 5 --features recency_days,orders_90d,aov --save clusters.json",
		"ecomctl cluster july.csv --apply clusters.json",
		"ecomctl cluster points.parquet --table table --id id --k 8 --starts 3",
	},
	Table:   "orders",
	Or:      []string{"table"},
	Needs:   []string{"order_ts", "customer_id"},
	Uses:    []string{"order_id", "product_id"},
	NoNet:   true,
	Params:  clusterParams,
	Columns: clusterSpecs,
	Method:  "cluster",
	Plan:    clusterPlan,
	Finish:  clusterFinish,
	Section: clusterSection,
})

var clusterParams = []Param{
	{Name: "k", Kind: StringParam, Default: "auto", Help: "number of clusters, or auto: by silhouette"},
	{Name: "features", Kind: ListParam, Help: "columns to group by (default: " + strings.Join(defaultFeatures, ",") + "; of a table all number columns)"},
	{Name: "scale", Kind: StringParam, Default: "auto", Choices: []string{"auto", "log", "standard", "robust", "none"}, Help: "scale of the columns (auto: log for customers, standard for tables)"},
	{Name: "missing", Kind: StringParam, Default: "skip", Choices: []string{"skip", "median"}, Help: "rows without a value: no cluster, or the column's median"},
	{Name: "starts", Kind: IntParam, Default: "5", Help: "independent starts, the best is kept"},
	{Name: "iterations", Kind: IntParam, Default: "300", Help: "iterations of a start at most"},
	{Name: "id", Kind: StringParam, Help: "of a table, the column that names its rows (default: one named id or …_id, else the row number)"},
	{Name: "centroids", Kind: OutFileParam, Help: "write one row a cluster to `FILE`: size, profile in words, means of the columns"},
	{Name: "save", Kind: OutFileParam, Help: "write scales and centroids to `FILE` for --apply"},
	{Name: "apply", Kind: InFileParam, Help: "give rows the clusters of a `FILE` of --save"},
}

var clusterSpecs = []result.Spec{
	{Name: "customer_id", Type: expr.Text, Desc: "the customer (of a table: its id column, or row)"},
	{Name: "cluster", Type: expr.Int, Desc: "the cluster, from 1", Null: "a column has no value"},
	{Name: "distance", Type: expr.Float, Desc: "Euclidean distance to the centroid, in scaled columns", Null: "a column has no value"},
}

// defaultFeatures say when customers came, how often, how much an order was and how wide
// their choice is. Revenue is orders × aov and would count them twice.
var defaultFeatures = []string{"recency_days", "tenure_days", "orders", "aov", "products"}

// clusterOptions are the parameters of cluster, read.
type clusterOptions struct {
	k          int // 0 = auto
	features   []string
	scale      string
	median     bool
	starts     int
	iterations int
	model      *clusterModel // of --apply
	table      bool          // the input is a table of any columns
	effort     clusterEffort
	finer      float64 // of the silhouette, what more groups may cost; 0 for the command
}

// mostClusters bounds --k: a partition beyond it says nothing to people.
const mostClusters = 10_000

func readClusterOptions(r *Request) (o clusterOptions, err error) {
	o.table, o.effort = r.Rel.Name == "table", commandEffort
	number := func(name string, least, most int) int {
		n, e := strconv.Atoi(r.Str(name))
		if err == nil && (e != nil || n < least || n > most) {
			err = fault.New(fault.Usage, "--%s %s: a whole number from %d to %d is wanted", name, r.Str(name), least, most)
		}
		return n
	}
	if r.Str("k") != "auto" {
		o.k = number("k", 1, mostClusters)
	}
	o.starts, o.iterations = number("starts", 1, 1000), number("iterations", 1, 100_000)
	o.median = r.Str("missing") == "median"
	if o.scale = r.Str("scale"); o.scale == "auto" {
		if o.scale = "log"; o.table {
			o.scale = "standard"
		}
	}
	o.features = words(r.Str("features"))
	if err != nil {
		return o, err
	}
	if r.Str("id") != "" && !o.table {
		return o, fault.New(fault.Usage, "--id %s: the input is read as orders, whose rows are put together by customer", r.Str("id")).
			WithHint("add --table table to group the rows of the input as they are")
	}
	if data, ok := r.Files["apply"]; ok {
		for _, p := range []string{"k", "features", "scale", "missing", "starts", "iterations", "save"} {
			if d := Get("cluster").param(p); r.Str(p) != d.Default {
				return o, fault.New(fault.Usage, "--apply and --%s contradict each other: the file of --apply says how", p)
			}
		}
		if o.model, err = readClusterModel(data, r.Str("apply")); err != nil {
			return o, err
		}
		if o.model.Table != r.Rel.Name {
			return o, fault.New(fault.Usage, "--apply %s: it was fitted to a %s input, this one is read as %s", r.Str("apply"), o.model.Table, r.Rel.Name).
				WithHint("say what the input is with --table %s", o.model.Table)
		}
		o.features = o.model.Features
	}
	return o, o.resolveFeatures(r)
}

// param returns a parameter by name.
func (d *Definition) param(name string) Param {
	return d.Params[slices.IndexFunc(d.Params, func(p Param) bool { return p.Name == name })]
}

// resolveFeatures fills in the default columns and checks names.
func (o *clusterOptions) resolveFeatures(r *Request) error {
	seen := map[string]bool{}
	for _, f := range o.features {
		if seen[f] {
			return fault.New(fault.Usage, "--features: %s stands there twice", f)
		}
		seen[f] = true
	}
	if o.table {
		return o.tableFeatures(r)
	}
	if len(o.features) == 0 {
		for _, f := range defaultFeatures {
			if needed := featureColumn(f); needed == "" || r.Rel.Has(needed) {
				o.features = append(o.features, f)
			}
		}
	}
	for _, f := range o.features {
		base, _ := featureWindow(f)
		i := slices.IndexFunc(featureSpecs, func(s result.Spec) bool { return s.Name == base })
		if i < 0 || !numeric(featureSpecs[i].Type) {
			return fault.New(fault.Usage, "--features %s: not a number column of the features table", f).
				WithHint("columns: %s; orders, units and revenue also of the last days: orders_30d", strings.Join(numericFeatures(), ", "))
		}
		if needed := featureColumn(base); needed != "" && !r.Rel.Has(needed) {
			return fault.New(fault.Usage, "--features %s: the input has no %s", f, needed).WithHint("map a column with --map %s=Column", needed)
		}
	}
	return nil
}

func numericFeatures() []string {
	var names []string
	for _, s := range featureSpecs {
		if numeric(s.Type) {
			names = append(names, s.Name)
		}
	}
	return names
}

// featureColumn returns the input column without which a feature has no values, or "".
func featureColumn(feature string) string {
	return map[string]string{"products": "product_id", "categories": "category", mUnits: "quantity"}[feature]
}

// featureWindow takes orders_30d apart; days is 0 for other features.
func featureWindow(feature string) (base string, days int64) {
	head, tail, ok := cutLast(feature, "_")
	if !ok || !strings.HasSuffix(tail, "d") || (head != mOrders && head != mUnits && head != mRevenue) {
		return feature, 0
	}
	n, err := windowDays(strings.TrimSuffix(tail, "d"))
	if err != nil || len(n) != 1 || fmt.Sprintf("%s_%dd", head, n[0]) != feature {
		return feature, 0
	}
	return head, n[0]
}

// cutLast cuts s around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func clusterPlan(r *Request) (query.Plan, error) {
	o, err := readClusterOptions(r)
	if err != nil || o.table {
		return query.Plan{}, err // a table's rows are read by clusterFinish
	}
	var windows []int64
	for _, f := range o.features {
		if _, w := featureWindow(f); w > 0 && !slices.Contains(windows, w) {
			windows = append(windows, w)
		}
	}
	return featureQueries(r, func(f string) bool { return slices.Contains(o.features, f) }, windows), nil
}

func clusterFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	o, err := readClusterOptions(r)
	if err != nil {
		return nil, err
	}
	in, err := clusterInput(ctx, r, a, &o)
	if err != nil {
		return nil, err
	}
	if in.n == 0 {
		return nil, fault.New(fault.Input, "clustering: the input has no %s", in.what(2)).
			WithHint("look at the counts above, at --where and at --as-of")
	}
	c, err := runClusters(ctx, r, in, &o)
	if err != nil {
		return nil, err
	}
	res := &Result{Main: c.table(), Notes: c.notes(), AsOf: in.asOf}
	if r.Str("centroids") != "" {
		res.Files = append(res.Files, OutFile{Param: "centroids", Table: c.centroidTable()})
	}
	if r.Str("save") != "" {
		data, err := c.model.encode()
		if err != nil {
			return nil, err
		}
		res.Files = append(res.Files, OutFile{Param: "save", Bytes: data})
	}
	return res, nil
}

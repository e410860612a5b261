package analysis

import (
	"fmt"
	"math"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
)

// table is the result: one row a customer (or row of the table), in the order of the input.
func (c *clustering) table() *result.Table {
	n := c.in.n
	specs := append([]result.Spec{c.in.id.Spec}, clusterSpecs[1:]...)
	cols := newColumns(specs, n)
	cols[0] = c.in.id.Data
	cols[0].Len = n
	next := 0
	for i := range n {
		if next < len(c.used) && c.used[next] == i {
			result.AppendInt(&cols[1], int64(c.cluster[next])+1)
			result.AppendFloat(&cols[2], c.distance[next])
			next++
		} else {
			result.AppendNull(&cols[1])
			result.AppendNull(&cols[2])
		}
	}
	return tableOf("cluster", specs, cols)
}

// clusterSummary is what is told of one cluster.
type clusterSummary struct {
	traits       []phrase.Trait
	size         int64
	share        float64
	revenue      float64
	revenueShare float64   // NaN for a table
	means        []float64 // of the columns as they are, over the known values; NaN when none is
	distance     float64   // mean
}

func (c *clustering) summaries() []clusterSummary {
	d := len(c.in.names)
	out := make([]clusterSummary, len(c.model.Centroids))
	known := make([][]float64, len(out))
	fitted := int64(0)
	for _, n := range c.model.Sizes {
		fitted += n
	}
	for a := range out {
		known[a], out[a].means = make([]float64, d), make([]float64, d)
		rest := 1 - float64(c.model.Sizes[a])/float64(max(1, fitted)) // share of the others
		for j, z := range c.model.Profile[a] {
			if rest > 0 { // z/rest is the distance from the mean of the others
				out[a].traits = append(out[a].traits, phrase.Trait{Column: c.in.names[j], Z: z / rest})
			}
		}
	}
	total := 0.0
	for u, i := range c.used {
		s := &out[c.cluster[u]]
		s.size++
		s.distance += c.distance[u]
		for j, v := range c.in.x[i*d : (i+1)*d] {
			if v == v {
				s.means[j] += v
				known[c.cluster[u]][j]++
			}
		}
		if c.in.revenue != nil {
			s.revenue += c.in.revenue[i]
			total += c.in.revenue[i]
		}
	}
	for a := range out {
		s := &out[a]
		s.share = float64(s.size) / float64(len(c.used))
		s.revenueShare = math.NaN()
		if total != 0 {
			s.revenueShare = s.revenue / total
		}
		s.distance /= float64(s.size) // of no rows: NaN, written as null
		for j := range s.means {
			s.means[j] /= known[a][j]
		}
	}
	return out
}

// centroidTable describes the clusters in the units of the input.
func (c *clustering) centroidTable() *result.Table {
	what := c.in.what(2)
	specs := []result.Spec{
		{Name: "cluster", Type: expr.Int, Desc: "the cluster, from 1"},
		{Name: "profile", Type: expr.Text, Desc: "what sets it apart: columns whose mean is at least half a standard deviation from that of the others"},
		{Name: what, Type: expr.Int, Desc: what + " in it"},
		{Name: "share", Type: expr.Float, Unit: result.Ratio, Desc: "of all " + what + " that have a cluster"},
	}
	if c.in.revenue != nil {
		specs = append(specs, result.Spec{Name: "revenue", Type: expr.Float, Unit: result.Money, Desc: "mean revenue of a customer", Null: "no customer"},
			result.Spec{Name: "revenue_share", Type: expr.Float, Unit: result.Ratio, Desc: "of the revenue of all customers that have a cluster", Null: "no revenue"})
	}
	specs = append(specs, result.Spec{Name: "mean_distance", Type: expr.Float, Desc: "mean distance to the centroid, in scaled columns", Null: "no " + c.in.what(1)})
	for _, f := range c.in.names {
		name := f
		for _, s := range specs {
			if s.Name == name {
				name = "mean_" + f
			}
		}
		specs = append(specs, result.Spec{Name: name, Type: expr.Float, Desc: "mean of " + f, Null: "no value"})
	}
	b := newTable("centroids", specs...)
	for a, s := range c.summaries() {
		row := []any{a + 1, phrase.Printer{}.Traits(s.traits), s.size, s.share}
		if c.in.revenue != nil {
			row = append(row, s.revenue/float64(s.size), s.revenueShare)
		}
		row = append(row, s.distance)
		for _, m := range s.means {
			row = append(row, m)
		}
		b.row(row...)
	}
	return b.t
}

// mostNoted is the number of clusters that notes describe one by one.
const mostNoted = 12

// notes say what was fitted to what, how good it is, and what the clusters are.
func (c *clustering) notes() []string {
	notes := c.inputNotes()
	k := len(c.model.Centroids)
	m := c.model
	columns := fmt.Sprintf("%s (scale %s)", strings.Join(m.Features, ", "), m.Scale.Method)
	if c.fit == nil {
		from := ""
		if m.AsOf != "" {
			from = " as of " + m.AsOf
		}
		notes = append(notes, fmt.Sprintf("%d clusters of a fit to %d %s%s by %s", k, m.Rows, c.in.what(2), from, columns))
	} else {
		notes = append(notes, c.fitNotes(columns)...)
	}
	for a, s := range c.summaries() {
		if a == mostNoted {
			notes = append(notes, fmt.Sprintf("and %d more clusters: --centroids FILE lists all", k-a))
			break
		}
		text := fmt.Sprintf("cluster %d: %d %s (%.1f %%)", a+1, s.size, c.in.what(int(s.size)), 100*s.share)
		if !math.IsNaN(s.revenueShare) {
			text += fmt.Sprintf(", %.1f %% of revenue", 100*s.revenueShare)
		}
		notes = append(notes, text+": "+phrase.Printer{}.Traits(s.traits))
	}
	return notes
}

// inputNotes tell what of the input could not be used.
func (c *clustering) inputNotes() []string {
	var notes []string
	if c.in.idNote != "" {
		notes = append(notes, c.in.idNote)
	}
	var gaps []string
	for j, n := range c.missing {
		if n > 0 {
			gaps = append(gaps, fmt.Sprintf("%s %d", c.in.names[j], n))
		}
	}
	if len(gaps) > 0 {
		how := fmt.Sprintf("%d have no cluster (--missing median gives them one)", c.in.n-len(c.used))
		if c.model.Fill != nil {
			how = "they got the median"
		}
		notes = append(notes, fmt.Sprintf("%s without a value: %s; %s", c.in.what(2), strings.Join(gaps, ", "), how))
	}
	for _, j := range c.constant {
		notes = append(notes, fmt.Sprintf("column %s has one value only and tells no %s apart", c.in.names[j], c.in.what(2)))
	}
	return notes
}

// fitNotes describe the fit and its quality.
func (c *clustering) fitNotes(columns string) []string {
	k := len(c.model.Centroids)
	var notes []string
	if c.tried != nil {
		var tried []string
		for i, s := range c.tried {
			tried = append(tried, fmt.Sprintf("%d: %.3f", i+2, s))
		}
		notes = append(notes, "silhouette by k: "+strings.Join(tried, ", "))
	}
	if c.asked > k {
		notes = append(notes, fmt.Sprintf("%d clusters were asked for, but there are only %d distinct %s", c.asked, k, c.in.what(2)))
	}
	text := fmt.Sprintf("k-means, %d clusters of %d %s by %s: inertia %.6g", k, len(c.used), c.in.what(len(c.used)), columns, c.inertia)
	if c.total > 0 {
		text += fmt.Sprintf(", %.1f %% less than one cluster's", 100*(1-c.inertia/c.total))
	}
	notes = append(notes, text)
	if !math.IsNaN(c.silhouette) {
		text = fmt.Sprintf("silhouette %.3f (all pairs of %d %s)", c.silhouette, c.sampled, c.in.what(c.sampled))
		if !math.IsNaN(c.stability) {
			text += fmt.Sprintf("; fits to two halves agree to %.3f (adjusted Rand index)", c.stability)
		}
		notes = append(notes, text)
	}
	if !c.fit.Settled {
		notes = append(notes, fmt.Sprintf("the best start had not settled after %d iterations: raise --iterations", c.fit.Iterations))
	}
	return notes
}

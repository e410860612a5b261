package analysis

import (
	"context"
	"slices"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/recommend"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

var evaluateSpecs = []result.Spec{
	{Name: "method", Type: expr.Text, Desc: "the method"},
	{Name: "precision", Type: expr.Float, Unit: result.Ratio, Desc: "hits / k"},
	{Name: "recall", Type: expr.Float, Unit: result.Ratio, Desc: "hits / held-out products of the customer"},
	{Name: "ndcg", Type: expr.Float, Unit: result.Ratio, Desc: "discounted gain of the hits / that of an ideal list"},
	{Name: "map", Type: expr.Float, Unit: result.Ratio, Desc: "mean average precision"},
	{Name: "coverage", Type: expr.Float, Unit: result.Ratio, Desc: "distinct products proposed / products known before the hold-out"},
}

// holdout is a split history.
type holdout struct {
	train     *recommend.Matrix
	keep      func(c int, row int64) bool
	truth     *recommend.Truth
	catalogue int
}

// split makes the hold-out and says in a note what it is.
func (j *recommendJob) split() (*holdout, error) {
	s := &holdout{keep: j.h.before(j.o.split)}
	s.train = j.h.matrix(s.keep)
	s.truth = j.h.truth(s.train, s.keep, j.o.rebuy)
	s.catalogue = s.train.Known()
	if len(s.truth.User) == 0 {
		return nil, fault.New(fault.Input, "recommend: the hold-out has no customer with earlier purchases and %s later", cond(j.o.rebuy, "any", "a new product")).
			WithHint("customers need at least two orders; move --split, or widen --from, --to and --where")
	}
	what := "each customer's last order"
	if j.o.split != query.MaxTime {
		what = "all from " + dateText(civil.FloorDiv(j.o.split, dayMicros)) + " on"
	}
	j.note("hold-out: %s; %d of %d customers have earlier purchases and %s in it", what, len(s.truth.User), j.h.keys.Len, cond(j.o.rebuy, "any", "a new product"))
	return s, nil
}

// cond chooses between two texts.
func cond(c bool, a, b string) string {
	if c {
		return a
	}
	return b
}

// sample keeps at most n evaluated customers, evenly spread over the order of ids.
func (s *holdout) sample(n int) *recommend.Truth {
	all := len(s.truth.User)
	if all <= n {
		return s.truth
	}
	t := &recommend.Truth{Off: []int64{0}}
	for i := range n {
		u := i * all / n
		t.User = append(t.User, s.truth.User[u])
		t.Item = append(t.Item, s.truth.Item[s.truth.Off[u]:s.truth.Off[u+1]]...)
		t.Off = append(t.Off, int64(len(t.Item)))
	}
	return t
}

// score fits a method to the training part and measures it.
func (j *recommendJob) score(ctx context.Context, s *holdout, t *recommend.Truth, method string) (*recommend.Scores, error) {
	f, err := j.fit(ctx, method, s.train, s.keep)
	if err != nil {
		return nil, err
	}
	l, err := f.top(ctx, s.train, t.User, false, recommend.TopOptions{K: j.o.k, Rebuy: j.o.rebuy, Threads: j.threads()})
	if err != nil {
		return nil, err
	}
	return recommend.Score(l, t, s.catalogue), nil
}

// candidates are the methods that auto tries.
func (j *recommendJob) candidates() []string {
	list := []string{"popular", "recent"}
	if j.o.rebuy {
		list = append(list, "own")
	}
	for _, m := range recommendMethods {
		if !slices.Contains([]string{"popular", "recent", "own", "auto"}, m) {
			list = append(list, m)
		}
	}
	return list
}

// autoSample bounds the customers on whom auto chooses a method.
const autoSample = 20_000

// best returns the method of the highest nDCG on the hold-out; equal ones go to the simpler, which comes first.
func (j *recommendJob) best(ctx context.Context) (string, error) {
	s, err := j.split()
	if err != nil {
		return "", err
	}
	t := s.sample(autoSample)
	best, most := "popular", -1.0
	for _, method := range j.candidates() {
		scores, err := j.score(ctx, s, t, method)
		if fault.KindOf(err) == fault.Full {
			j.note("%s is left out: %v", method, err)
			continue
		}
		if err != nil {
			return "", err
		}
		m := scores.Mean()
		j.note("%s: nDCG@%d %.4f on %d customers", method, j.o.k, m.NDCG, m.Users)
		if m.NDCG > most {
			best, most = method, m.NDCG
		}
	}
	j.note("%s has the highest nDCG and is used", best)
	return best, nil
}

// bootstrapTimes bounds the draws of an interval, so that it costs little beside the fit.
func bootstrapTimes(users int) int { return max(200, min(1000, 20_000_000/max(1, users))) }

// evaluate measures the method, or with auto all of them, beside popular.
func (j *recommendJob) evaluate(ctx context.Context) (*result.Table, error) {
	s, err := j.split()
	if err != nil {
		return nil, err
	}
	methods := []string{"popular"}
	if j.o.method == "auto" {
		methods = j.candidates()
	} else if j.o.method != "popular" {
		methods = []string{j.o.method, "popular"}
	}
	all := map[string]*recommend.Scores{}
	var done []string
	for _, method := range methods {
		scores, err := j.score(ctx, s, s.truth, method)
		if j.o.method == "auto" && fault.KindOf(err) == fault.Full {
			j.note("%s is left out: %v", method, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		all[method] = scores
		done = append(done, method)
	}
	if j.o.method == "auto" { // best first; equal ones stay simpler first
		slices.SortStableFunc(done, func(a, b string) int {
			x, y := all[a].Mean().NDCG, all[b].Mean().NDCG
			switch {
			case x > y:
				return -1
			case x < y:
				return 1
			}
			return 0
		})
	}
	j.beside(all, done)
	return j.scoreTable(all, done), nil
}

// beside says how far each method is from popular, with a paired interval.
func (j *recommendJob) beside(all map[string]*recommend.Scores, methods []string) {
	base := all["popular"]
	if base == nil {
		return
	}
	for _, method := range methods {
		if method == "popular" {
			continue
		}
		diff := make([]float64, len(base.NDCG))
		for i := range diff {
			diff[i] = all[method].NDCG[i] - base.NDCG[i]
		}
		in := recommend.Bootstrap(diff, bootstrapTimes(len(diff)), uint64(j.r.Seed))
		a, b := all[method].Mean().NDCG, base.Mean().NDCG
		verdict := "no clear difference"
		if in.Lo > 0 {
			verdict = "better"
		} else if in.Hi < 0 {
			verdict = "worse"
		}
		j.note("%s against popular: nDCG@%d %.4f − %.4f = %+.4f (95 %% bootstrap interval %+.4f to %+.4f): %s", method, j.o.k, a, b, a-b, in.Lo, in.Hi, verdict)
	}
}

func (j *recommendJob) scoreTable(all map[string]*recommend.Scores, methods []string) *result.Table {
	specs := slices.Clone(evaluateSpecs)
	if j.o.intervals {
		for _, s := range evaluateSpecs[1:5] {
			specs = append(specs,
				result.Spec{Name: s.Name + "_lo", Type: expr.Float, Unit: result.Ratio, Desc: "2.5 % point of " + s.Name + " over resampled customers"},
				result.Spec{Name: s.Name + "_hi", Type: expr.Float, Unit: result.Ratio, Desc: "97.5 % point of " + s.Name + " over resampled customers"})
		}
	}
	tb := newTable("recommend_evaluation", specs...)
	for _, method := range methods {
		s := all[method]
		m := s.Mean()
		row := []any{method, m.Precision, m.Recall, m.NDCG, m.MAP, m.Coverage}
		if j.o.intervals {
			for _, v := range [][]float64{s.Precision, s.Recall, s.NDCG, s.AP} {
				in := recommend.Bootstrap(v, bootstrapTimes(len(v)), uint64(j.r.Seed))
				row = append(row, in.Lo, in.Hi)
			}
		}
		tb.row(row...)
	}
	return tb.t
}

package analysis

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/recommend"
)

// recommendMethods are the choices of --method.
var recommendMethods = []string{"itemknn", "popular", "recent", "own", "auto"}

// fittedModel is a model with what only some of them can do.
type fittedModel struct {
	method string
	model  recommend.Model
	// fill follows where the model's list ends; nil = nothing does.
	fill *recommend.Popular
	// reason names the bought item that spoke most for an item; nil = the method has none.
	reason func(items []uint32, values []float32, item uint32) (uint32, bool)
	// similar lists the items most like one, best first; nil = the method has none.
	similar func(item uint32, k int) ([]uint32, []float32)
}

// fit fits one method to the rows of the history that keep tells, whose matrix is m.
func (j *recommendJob) fit(ctx context.Context, method string, m *recommend.Matrix, keep func(c int, row int64) bool) (*fittedModel, error) {
	f := &fittedModel{method: method}
	popular := recommend.FitPopular(m)
	switch method {
	case "popular":
		f.model = popular
	case "recent":
		f.model, f.fill = recommend.NewPopular(j.h.recent(j.o.window, keep)), popular
	case "own":
		f.model, f.fill = recommend.Own{}, popular
	case "itemknn":
		o := recommend.KNNOptions{Neighbours: j.o.neighbours, Shrink: j.o.shrink, Threads: j.threads(),
			Similarity: map[string]recommend.Similarity{"cosine": recommend.Cosine, "jaccard": recommend.Jaccard, "bm25": recommend.BM25}[j.o.similarity]}
		if len(j.o.similar) > 0 {
			o.Neighbours = max(o.Neighbours, j.o.k)
		}
		if err := j.fits("itemknn", o.Memory(m)); err != nil {
			return nil, err
		}
		k, err := recommend.FitKNN(ctx, m, o)
		if err != nil {
			return nil, err
		}
		if k.Sampled > 0 {
			j.note("%d customers have more than 5,000 products each: a sample of theirs counts for likeness", k.Sampled)
		}
		f.model, f.fill, f.reason = k, popular, k.Reason
		f.similar = func(item uint32, n int) ([]uint32, []float32) {
			items, scores := k.BestNeighbours(item)
			return items[:min(n, len(items))], scores[:min(n, len(items))]
		}
	default:
		return nil, fault.New(fault.Usage, "--method %s: not known", method)
	}
	return f, nil
}

// top proposes to rows of m and fills the lists up with popular items of score 0.
func (f *fittedModel) top(ctx context.Context, m *recommend.Matrix, users []uint32, o recommend.TopOptions) (*recommend.Lists, error) {
	l, err := f.model.Top(ctx, m, users, o)
	if err != nil || f.fill == nil {
		return l, err
	}
	return l, f.fill.Complete(ctx, l, m, users, o)
}

// fits refuses a method that needs more bytes than the budget.
func (j *recommendJob) fits(method string, bytes int64) error {
	if j.r.Memory > 0 && bytes > j.r.Memory {
		return fault.New(fault.Full, "recommend: %s needs about %d MB, more than --memory allows (%d MB)", method, bytes>>20, j.r.Memory>>20).
			WithHint("give more --memory, narrow the input with --from or --where, or use --method popular")
	}
	return nil
}

// room refuses a result that would pass the budget.
func (j *recommendJob) room() error {
	if j.o.evaluate || len(j.o.similar) > 0 || len(j.o.basket) > 0 || len(j.o.forIDs) > 0 {
		return nil
	}
	rows := int64(j.h.keys.Len) * int64(min(j.o.k, j.h.items.Len))
	if j.r.Memory > 0 && rows*48 > j.r.Memory {
		return fault.New(fault.Full, "recommend: %d rows of result need about %d MB, more than --memory allows (%d MB)", rows, rows*48>>20, j.r.Memory>>20).
			WithHint("ask for less with --k or --for, or give more --memory")
	}
	return nil
}

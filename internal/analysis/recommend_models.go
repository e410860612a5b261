package analysis

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/recommend"
)

// recommendMethods are the choices of --method.
var recommendMethods = []string{"itemknn", "als", "ease", "popular", "recent", "own", "auto"}

// fittedModel is a model with what only some of them can do.
type fittedModel struct {
	method string
	model  recommend.Model
	// binary says that how often a customer bought a product does not count.
	binary bool
	// strange, where not nil, is the model's Top for rows that it was not fitted on.
	strange func(ctx context.Context, m *recommend.Matrix, users []uint32, o recommend.TopOptions) (*recommend.Lists, error)
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
	f.fill = popular
	switch method {
	case "popular":
		f.model, f.fill = popular, nil
	case "recent":
		f.model = recommend.NewPopular(j.h.recent(j.o.window, keep))
	case "own":
		f.model = recommend.Own{}
	case "itemknn":
		return f, j.fitKNN(ctx, f, m)
	case "als":
		return f, j.fitALS(ctx, f, m)
	case "ease":
		return f, j.fitEASE(ctx, f, m)
	default:
		return nil, fault.New(fault.Usage, "--method %s: not known", method)
	}
	return f, nil
}

// fitKNN learns which products share customers. How often a customer bought a product tells
// nothing about likeness (BM25 weighs it), but much about buying it again.
func (j *recommendJob) fitKNN(ctx context.Context, f *fittedModel, m *recommend.Matrix) error {
	o := recommend.KNNOptions{Neighbours: j.o.neighbours, Shrink: j.o.shrink, Threads: j.threads(),
		Similarity: map[string]recommend.Similarity{"cosine": recommend.Cosine, "jaccard": recommend.Jaccard, "bm25": recommend.BM25}[j.o.similarity]}
	if len(j.o.similar) > 0 {
		o.Neighbours = max(o.Neighbours, j.o.k)
	}
	if o.Similarity != recommend.BM25 {
		m = m.Binary()
	}
	if err := j.fits("itemknn", o.Memory(m)); err != nil {
		return err
	}
	k, err := recommend.FitKNN(ctx, m, o)
	if err != nil {
		return err
	}
	if k.Sampled > 0 {
		j.note("%d customers have more than 5,000 products each: a sample of theirs counts for likeness", k.Sampled)
	}
	f.model, f.reason, f.binary = k, k.Reason, !j.o.rebuy
	f.similar = func(item uint32, n int) ([]uint32, []float32) {
		items, scores := k.BestNeighbours(item)
		return items[:min(n, len(items))], scores[:min(n, len(items))]
	}
	return nil
}

func (j *recommendJob) fitALS(ctx context.Context, f *fittedModel, m *recommend.Matrix) error {
	o := recommend.ALSOptions{Factors: j.o.factors, Iterations: j.o.iterations, Alpha: j.o.alpha, Regularization: j.o.lambda,
		Seed: uint64(j.r.Seed), Threads: j.threads()}
	if o.Regularization == 0 {
		o.Regularization = 10
	}
	if err := j.fits("als", o.Memory(m)); err != nil {
		return err
	}
	a, err := recommend.FitALS(ctx, m, o)
	if err != nil {
		return err
	}
	f.model, f.reason, f.similar, f.strange = a, a.Reason, a.Similar, a.TopNew
	return nil
}

func (j *recommendJob) fitEASE(ctx context.Context, f *fittedModel, m *recommend.Matrix) error {
	o := recommend.EASEOptions{Lambda: j.o.lambda, Threads: j.threads()}
	if o.Lambda == 0 {
		o.Lambda = 500
	}
	if err := j.fits("ease", o.Memory(m)); err != nil {
		return err
	}
	e, err := recommend.FitEASE(ctx, m.Binary(), o)
	if err != nil {
		return err
	}
	if n := m.Known(); len(e.Items) < n {
		j.note("ease looks at the %d most bought of %d products", len(e.Items), n)
	}
	f.model, f.reason, f.similar, f.binary = e, e.Reason, e.Similar, !j.o.rebuy
	return nil
}

// top proposes to rows of m and fills the lists up with popular items of score 0. Strange rows are
// not those that the model was fitted on.
func (f *fittedModel) top(ctx context.Context, m *recommend.Matrix, users []uint32, strange bool, o recommend.TopOptions) (*recommend.Lists, error) {
	propose, rows := f.model.Top, m
	if f.binary {
		rows = m.Binary()
	}
	if strange && f.strange != nil {
		propose = f.strange
	}
	l, err := propose(ctx, rows, users, o)
	if err != nil || f.fill == nil {
		return l, err
	}
	return l, f.fill.Complete(ctx, l, m, users, o)
}

// fits refuses a method that needs more bytes than the budget leaves beside the histories and
// their matrix.
func (j *recommendJob) fits(method string, bytes int64) error {
	bytes += int64(len(j.h.item))*48 + int64(j.h.keys.Len+j.h.items.Len)*32
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

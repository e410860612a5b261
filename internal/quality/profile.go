package quality

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/quality/tally"
	"github.com/ecomctl/ecomctl/internal/source"
)

// ProfileOptions say how a profile is made.
type ProfileOptions struct {
	Threads int    // 0 = all processors
	Memory  int64  // bytes for counting before it spills; 0 = 1 GiB
	TempDir string // for spilled counts; "" is the system's place
	// Sample stops after the first Sample rows (inspect); 0 reads the whole input.
	Sample   int64
	Columns  []string // only these; nil = all
	Progress Progress // may be nil
}

const defaultMemory = 1 << 30

func (o *ProfileOptions) normal() {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
}

// maxValues is how many distinct values a column may have for Column.Values to list them.
const maxValues = 64

// Column is the profile of one column of the input.
type Column struct {
	Name     string
	Type     arrow.DataType
	TypeName string
	Kind     frame.Kind
	Rows     int64
	Nulls    int64 // NaN and ±Inf included
	Bad      int64 // nulls whose text could not be read as Type (text formats)
	Infinite int64 // NaN and ±Inf
	Distinct int64 // of the values that are not null; exact

	// Min, Max and Top are formatted values; "" when there are none (see Distinct).
	Min, Max, Top  string
	TopCount       int64
	Mean, StdDev   float64 // of numbers; NaN = undefined. StdDev is of a sample (n − 1)
	P50, P95       float64 // type 7; NaN for what is not a number
	MinBytes       int     // shortest and longest text
	MaxBytes       int
	Whole          bool // all doubles are whole numbers
	Negative, Zero int64
	Values         []ValueCount // ascending; nil when there are more than 64
	nested         bool
}

// ValueCount is a value with the number of its rows.
type ValueCount struct {
	Value string
	N     int64
}

// Profile describes an input.
type Profile struct {
	Columns []Column
	Rows    int64 // rows that have columns
	BadRows int64 // lines that could not be split into columns
	Sampled bool  // only the first rows were read
	Spilled int64 // bytes
	Notes   []string
}

// NewProfile reads the dataset and describes its columns. Memory is bounded by
// o.Memory plus one batch a thread; beyond it counts are spilled to o.TempDir.
func NewProfile(ctx context.Context, ds source.Dataset, o ProfileOptions) (*Profile, error) {
	o.normal()
	wants, p, err := selectColumns(ds, o.Columns)
	if err != nil {
		return nil, err
	}
	if o.Sample > 0 {
		o.Threads = 1
	}
	tasks, groups := splitTasks(ds, wants, o.Threads)
	workers := make([]*profiler, o.Threads)
	for w := range workers {
		workers[w] = &profiler{
			columns: make([]counter, len(wants)), groups: groups,
			budget: o.Memory / int64(o.Threads), file: tally.NewFile(o.TempDir),
		}
		defer workers[w].file.Close()
	}
	left := o.Sample
	err = scan(ctx, ds, tasks, o.Threads, o.Progress, "profiling", func(w int, t *task, b *frame.Batch) error {
		if o.Sample > 0 {
			shorten(b, int(min(int64(b.N), left)))
			left -= int64(b.N)
		}
		if err := workers[w].add(t, b); err != nil || o.Sample == 0 || left > 0 {
			return err
		}
		return errEnough
	})
	if err != nil {
		return nil, err
	}
	for _, w := range workers {
		p.Rows, p.BadRows, p.Spilled = p.Rows+w.rows, p.BadRows+w.badRows, p.Spilled+w.file.Size()
	}
	p.Sampled = o.Sample > 0 && p.Rows >= o.Sample
	if err := p.finish(ctx, workers, wants, o.Threads); err != nil {
		return nil, err
	}
	p.note()
	return p, nil
}

// selectColumns lists what to read and prepares the profile of every column asked for.
func selectColumns(ds source.Dataset, names []string) ([]source.Want, *Profile, error) {
	schema := ds.Schema()
	keep := map[string]bool{}
	for _, n := range names {
		if len(schema.FieldIndices(n)) == 0 {
			return nil, nil, unknownColumn(n, schema)
		}
		keep[n] = true
	}
	p := &Profile{}
	var wants []source.Want
	for i := range schema.NumFields() {
		f := schema.Field(i)
		if names != nil && !keep[f.Name] {
			continue
		}
		c := Column{Name: f.Name, Type: f.Type, TypeName: TypeName(f.Type), Kind: frame.KindOf(f.Type)}
		if c.nested = c.Kind == frame.Nested; !c.nested {
			wants = append(wants, source.Want{Col: i})
		}
		p.Columns = append(p.Columns, c)
	}
	return wants, p, nil
}

// shorten cuts a batch to its first n rows.
func shorten(b *frame.Batch, n int) {
	if n >= b.N {
		return
	}
	b.N = n
	for i := range b.Cols {
		c := &b.Cols[i]
		c.Len, c.Nulls = n, 0
		for r := range n {
			if c.IsNull(r) {
				c.Nulls++
			}
		}
	}
}

// profiler is the state of one worker.
type profiler struct {
	columns       []counter
	groups        [][]int
	rows, badRows int64
	budget        int64
	file          *tally.File
}

func (w *profiler) add(t *task, b *frame.Batch) error {
	if t.group == 0 {
		w.rows += int64(b.N)
		w.badRows += int64(len(b.Bad))
	}
	for i, k := range w.groups[t.group] {
		w.columns[k].add(&b.Cols[i])
	}
	return w.shrink()
}

// shrink spills the largest tables when the worker's share of the memory is used up.
func (w *profiler) shrink() error {
	var total int64
	for i := range w.columns {
		total += w.columns[i].bytes()
	}
	for limit := w.budget; total > limit; limit = w.budget / 2 {
		var big *counter
		for i := range w.columns {
			if k := &w.columns[i]; big == nil || k.bytes() > big.bytes() {
				big = k
			}
		}
		total -= big.bytes()
		if big.dict != nil {
			big.flush()
		}
		big.dictN = nil
		if err := big.ints.Spill(w.file); err != nil {
			return err
		}
		if err := big.texts.Spill(w.file); err != nil {
			return err
		}
		if big.bytes() == 0 && total <= 0 {
			return nil
		}
		total += big.bytes()
	}
	return nil
}

// finish walks the sorted values of every column, several columns at once.
func (p *Profile) finish(ctx context.Context, workers []*profiler, wants []source.Want, threads int) error {
	var readable []int
	for i := range p.Columns {
		p.Columns[i].Rows = p.Rows
		p.Columns[i].undefined()
		if !p.Columns[i].nested {
			readable = append(readable, i)
		}
	}
	next := make(chan int, len(wants))
	for k := range wants {
		next <- k
	}
	close(next)
	errs := make([]error, len(wants))
	var wg sync.WaitGroup
	for range max(1, threads) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := range next {
				if errs[k] = ctx.Err(); errs[k] != nil {
					errs[k] = fault.New(fault.Interrupted, "profiling: %w", errs[k])
					return
				}
				parts := make([]*counter, len(workers))
				for w := range workers {
					parts[w] = &workers[w].columns[k]
				}
				errs[k] = p.Columns[readable[k]].finish(parts)
				for w := range workers {
					workers[w].columns[k] = counter{} // free the memory before the next column
				}
			}
		}()
	}
	wg.Wait()
	return firstError(ctx, errs, false)
}

func (c *Column) undefined() {
	c.Mean, c.StdDev, c.P50, c.P95 = math.NaN(), math.NaN(), math.NaN(), math.NaN()
}

// finish computes everything about a column in one ascending walk.
func (c *Column) finish(parts []*counter) error {
	var values int64
	for _, k := range parts {
		if k.dict != nil {
			k.flush()
		}
		c.Nulls += k.nulls
		c.Bad += k.bad
		c.Infinite += k.infinite
		values += k.rows - k.nulls
	}
	f := newFormatter(c.Type)
	q := newQuantiles(values, 50, 95)
	var m moments
	var top, last datum
	var keepTop, keepLast []byte
	numeric := c.Kind == frame.Float || c.Kind == frame.Int || c.Kind == frame.Decimal
	c.Whole = c.Kind == frame.Float && values > 0
	c.Values = make([]ValueCount, 0, 8)
	err := walk(c.Kind, parts, func(v datum, n int64) error {
		c.Distinct++
		if c.Distinct == 1 {
			c.Min = f.string(v)
			c.MinBytes = len(v.text)
		}
		if n > c.TopCount {
			c.TopCount, top.key = n, v.key
			keepTop = append(keepTop[:0], v.text...)
			top.text = keepTop
			if v.text == nil {
				top.text = nil
			}
		}
		if c.Distinct <= maxValues {
			c.Values = append(c.Values, ValueCount{f.string(v), n})
		}
		last.key, last.text = v.key, nil
		if v.text != nil {
			keepLast = append(keepLast[:0], v.text...)
			last.text = keepLast
			c.MinBytes, c.MaxBytes = min(c.MinBytes, len(v.text)), max(c.MaxBytes, len(v.text))
		}
		if numeric {
			x, _ := f.float(v)
			m.add(x, n)
			q.add(x, n)
			c.Whole = c.Whole && x == math.Trunc(x)
			if x < 0 {
				c.Negative += n
			} else if x == 0 {
				c.Zero += n
			}
		}
		return nil
	})
	if err != nil {
		return fault.Wrap(err, "profiling column %s", c.Name)
	}
	if c.Distinct > maxValues {
		c.Values = nil
	}
	if c.Distinct > 0 {
		c.Max, c.Top = f.string(last), f.string(top)
	}
	if numeric {
		c.Mean, c.StdDev, c.P50, c.P95 = m.mean(), m.stddev(), q.value(0), q.value(1)
	}
	return nil
}

// note says what the table of the profile cannot.
func (p *Profile) note() {
	if p.BadRows > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d lines could not be split into columns and are not counted in rows", p.BadRows))
	}
	for i := range p.Columns {
		c := &p.Columns[i]
		if c.nested {
			p.Notes = append(p.Notes, fmt.Sprintf("column %s is nested (%s) and was passed over", c.Name, c.TypeName))
		}
		if c.Bad > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("column %s: %d values cannot be read as %s and count as null", c.Name, c.Bad, c.TypeName))
		}
		if c.Infinite > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("column %s: %d NaN or infinite values count as null", c.Name, c.Infinite))
		}
	}
}

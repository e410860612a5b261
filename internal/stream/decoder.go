package stream

import (
	"bytes"
	"context"
	"io"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
)

const (
	sampleBytes = 256 << 10 // of records that decide on columns and kinds
	learnBytes  = 1 << 20   // to which later records with new members may lengthen the sample
	learnNames  = 256       // members that may be learned so
)

// decoder turns records into rows. Columns and their kinds come from a sample, which the
// checkpoint keeps; a member that the sample does not have is learned when it first occurs:
// for the records before, which did not have it, it is null.
type decoder struct {
	opts   *Options
	sample []byte
	names  map[string]bool
	given  int  // names that were learned later
	full   bool // no more is learned

	rel    *relation.Relation
	prog   *relation.Program
	worker *relation.Worker
	parser *ndjson.Parser
	need   []string
	at     columns

	lines
	ds      *ndjson.Dataset
	unknown int64
	batch   frame.Batch
}

// columns are the places of columns in relation.Rows; -1 where there is none.
type columns struct {
	ts, order, customer, quantity, currency int
	by, key                                 []int
	floatUnits                              bool
}

// learn lengthens the sample by whole objects; it reports whether there is one at all.
func (d *decoder) learn(records []Record) bool {
	for i := range records {
		r := &records[i]
		if len(d.sample) >= sampleBytes {
			break
		}
		if r.Cut == 0 && ndjson.Object(r.Data) {
			d.keep(r.Data)
		}
	}
	return len(d.sample) > 0
}

// keep appends an object to the sample.
func (d *decoder) keep(data []byte) {
	d.sample = append(appendLine(d.sample, data), '\n')
	ndjson.Members(data, func(name string) { d.names[name] = true })
}

// appendLine appends an object in one line: outside of strings a line break is a blank, and
// within them it is not allowed.
func appendLine(b, data []byte) []byte {
	from := len(b)
	b = append(b, data...)
	for _, end := range []byte("\n\r") {
		for at := from; ; at++ {
			k := bytes.IndexByte(b[at:], end)
			if k < 0 {
				break
			}
			at += k
			b[at] = ' '
		}
	}
	return b
}

// build makes schema, relation and parser anew from the sample.
func (d *decoder) build(ctx context.Context) error {
	ds, err := ndjson.Open(ctx, "the records", bytes.NewReader(d.sample), int64(len(d.sample)), ndjson.Options{})
	if err != nil {
		return err
	}
	rel, where, err := d.opts.Relate(ctx, source.Alone(ds))
	if err != nil {
		return err
	}
	if rel.TimeColumn() < 0 || rel.Columns[rel.TimeColumn()].Type != expr.Time {
		return fault.New(fault.Usage, "the records have no order_ts").WithHint("windows need the time of each order: map it with --map order_ts=MEMBER")
	}
	if _, _, _, _, ok := rel.MoneyParts(); !ok {
		return fault.New(fault.Usage, "the records have no money").WithHint("map amount, or quantity and unit_price: --map amount=MEMBER")
	}
	if where != nil {
		addFilter(rel, where)
	}
	need, at, err := d.columns(rel)
	if err != nil {
		return err
	}
	if d.prog, err = relation.Compile(rel, need); err != nil {
		return err
	}
	if err := d.prog.Load(ctx, 0); err != nil {
		return err
	}
	d.rel, d.at, d.need = rel, at, need
	d.worker = d.prog.NewWorker()
	d.worker.Split(0)
	d.ds = ds
	d.parser, err = ds.NewParser(ctx, d.prog.Wants())
	d.unknown = 0
	return err
}

// addFilter makes rows that do not satisfy a condition Outside, behind the rejects.
func addFilter(rel *relation.Relation, where expr.Node) {
	rule := relation.Rule{Name: "filtered", Kind: relation.Outside, When: expr.Not(expr.Call("coalesce", where, expr.Lit(false)))}
	at := 0
	for at < len(rel.Rules) && rel.Rules[at].Kind == relation.Reject {
		at++
	}
	rules := append([]relation.Rule(nil), rel.Rules[:at]...)
	rel.Rules = append(append(rules, rule), rel.Rules[at:]...)
}

// columns lists what is read and where it will stand.
func (d *decoder) columns(rel *relation.Relation) (need []string, at columns, err error) {
	add := func(name string) int {
		if rel.Find(name) < 0 {
			return -1
		}
		for i, n := range need {
			if n == name {
				return i
			}
		}
		need = append(need, name)
		return len(need) - 1
	}
	at.ts = add(rel.Columns[rel.TimeColumn()].Name)
	at.order, at.customer, at.quantity, at.currency = add("order_id"), add("customer_id"), add("quantity"), add("currency")
	at.floatUnits = at.quantity >= 0 && rel.Columns[rel.Find("quantity")].Type == expr.Float
	for _, w := range []struct {
		flag  string
		names []string
		to    *[]int
	}{{"--by", d.opts.By, &at.by}, {"--dedupe-key", d.opts.DedupeKey, &at.key}} {
		for _, n := range w.names {
			i := add(n)
			if i < 0 {
				var have []string
				for _, c := range rel.Columns {
					have = append(have, c.Name)
				}
				return nil, at, fault.New(fault.Usage, "%s %s: the records have no such column", w.flag, n).
					WithHint("they have %v; map one with --map %s=MEMBER", have, n)
			}
			*w.to = append(*w.to, i)
		}
	}
	return need, at, nil
}

// decode calls rows for the rows of records, and bad for those that are no rows. Row i of
// a batch is record index[i].
func (d *decoder) decode(ctx context.Context, records []Record, rows func(r *relation.Rows, record func(i int) int) error, bad func(record int, cause, detail string) error) error {
	d.join(records)
	for _, n := range d.not {
		if err := bad(n.record, n.cause, n.detail); err != nil {
			return err
		}
	}
	for first := true; ; first = false {
		if first {
			d.parser.ResetRecords(d.list)
		}
		err := d.parser.Next(&d.batch)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if u := d.parser.Unknown(); u > d.unknown && first && !d.full {
			if err := d.extend(ctx, records); err != nil {
				return err
			}
			d.parser.ResetRecords(d.list)
			if err := d.parser.Next(&d.batch); err != nil {
				return err
			}
		}
		for _, b := range d.batch.Bad {
			if err := bad(int(d.index[b.Row]), "malformed", b.Reason); err != nil {
				return err
			}
		}
		out, err := d.worker.Apply(&d.batch)
		if err != nil {
			return d.apart(ctx, err, records, rows, bad)
		}
		if err := rows(out, func(i int) int { return int(d.index[d.batch.RowAt(i)]) }); err != nil {
			return err
		}
	}
}

// extend learns the members that records bring and the sample does not have: of each the first
// record that has it joins the sample.
func (d *decoder) extend(ctx context.Context, records []Record) error {
	before := d.given
	for i := range records {
		if records[i].Cut > 0 {
			continue
		}
		fresh := 0
		ndjson.Members(records[i].Data, func(name string) {
			if !d.names[name] {
				fresh++
			}
		})
		if fresh == 0 {
			continue
		}
		if d.given += fresh; d.given > learnNames || len(d.sample)+len(records[i].Data) > learnBytes {
			d.full = true
			d.opts.Say("note: the records bring ever new members; those that came after the first %d are passed over", learnNames)
			break
		}
		d.keep(records[i].Data)
	}
	if d.given == before {
		d.unknown = d.parser.Unknown()
		return nil
	}
	return d.build(ctx)
}

// apart is for a batch that holds a value which contradicts what the sample told (a date whose day
// and month are the other way round): its records are taken one by one, and those that
// cannot be read alone are dead letters.
func (d *decoder) apart(ctx context.Context, cause error, records []Record, rows func(r *relation.Rows, record func(i int) int) error, bad func(record int, cause, detail string) error) error {
	if k := fault.KindOf(cause); k == fault.Internal || k == fault.Interrupted || d.batch.N == 0 {
		return cause
	}
	rest := append([]int32(nil), d.index[d.batch.RowAt(0):]...)
	for _, at := range rest {
		if len(records) == 1 {
			return bad(0, relation.ReasonUnparsable, cause.Error())
		}
		one := func(r *relation.Rows, _ func(int) int) error {
			return rows(r, func(int) int { return int(at) })
		}
		alone := func(_ int, cause, detail string) error { return bad(int(at), cause, detail) }
		if err := d.decode(ctx, records[at:at+1], one, alone); err != nil {
			return err
		}
	}
	return nil
}

// restore takes over the sample of a checkpoint.
func (d *decoder) restore(sample []byte) {
	d.sample = sample
	for line := range bytes.Lines(sample) {
		ndjson.Members(bytes.TrimSpace(line), func(name string) { d.names[name] = true })
	}
}

// shift moves the limit of the rule against future rows by µs.
func (d *decoder) shift(by int64) error {
	for i := range d.rel.Rules {
		if r := &d.rel.Rules[i]; r.Test == relation.TestAfter && r.Name == clean.Future {
			r.Limit += by
			r.When = expr.Gt(expr.Col(r.Column), expr.TimeLit(r.Limit))
		}
	}
	prog, err := relation.Compile(d.rel, d.need)
	if err != nil {
		return err
	}
	if err := prog.Load(context.Background(), 0); err != nil {
		return err
	}
	d.prog, d.worker = prog, prog.NewWorker()
	d.worker.Split(0)
	return nil
}

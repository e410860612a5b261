package clean

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// OutputSchema is the schema of the clean table: the relation's columns with
// canonical types, decimals and unmapped columns with those of the source.
func OutputSchema(rel *relation.Relation) *arrow.Schema {
	fields := make([]arrow.Field, len(rel.Columns))
	text := source.Untyped(rel.Fact)
	for i, c := range rel.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: outputType(rel, i, text), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// outputType is the type of column i in the clean table.
func outputType(rel *relation.Relation, i int, text bool) arrow.DataType {
	c := &rel.Columns[i]
	if c.Join == 0 && c.Const == nil {
		if at := rel.Fact.Schema().FieldIndices(c.From); len(at) == 1 {
			t := rel.Fact.Schema().Field(at[0]).Type
			if d, ok := t.(*arrow.DictionaryType); ok {
				t = d.ValueType
			}
			kind := frame.KindOf(t)
			switch {
			case i >= rel.Canonical && (text || kind == frame.Null):
				return arrow.BinaryTypes.String
			case i >= rel.Canonical || (kind == frame.Decimal && c.Type == expr.Float):
				return t
			}
		}
	}
	switch c.Type {
	case expr.Bool:
		return arrow.FixedWidthTypes.Boolean
	case expr.Int:
		return arrow.PrimitiveTypes.Int64
	case expr.Float:
		return arrow.PrimitiveTypes.Float64
	case expr.Time:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case expr.Date:
		return arrow.FixedWidthTypes.Date32
	}
	return arrow.BinaryTypes.String
}

// RejectSchema is the schema of the rejects: every column of the source as
// text, then the reason, the file and the 1-based data row in it.
func RejectSchema(rel *relation.Relation) *arrow.Schema {
	var fields []arrow.Field
	taken := map[string]bool{"_reason": true, "_file": true, "_row": true}
	for _, f := range rel.Fact.Schema().Fields() {
		if frame.KindOf(f.Type) == frame.Nested {
			continue
		}
		name := f.Name
		for taken[name] {
			name += "_raw"
		}
		taken[name] = true
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	return arrow.NewSchema(append(fields,
		arrow.Field{Name: "_reason", Type: arrow.BinaryTypes.String},
		arrow.Field{Name: "_file", Type: arrow.BinaryTypes.String},
		arrow.Field{Name: "_row", Type: arrow.PrimitiveTypes.Int64}), nil)
}

// keepRejects copies rejected and unreadable rows with their raw values, in
// input order. Positions are relative to the split until they are written.
func (r *reader) keepRejects(it *item, rows *relation.Rows, split int) {
	b := rows.Raw
	if rows.Count[relation.Reject] == 0 && len(b.Bad) == 0 {
		return
	}
	w := rejectWriter{reader: r, b: &it.rejects, raw: b, file: r.rel.Fact.Inputs()[r.rel.Fact.Splits()[split].File()].URI}
	w.begin()
	bad := b.Bad
	for i, k := range rows.Kind[:rows.N] {
		if k != relation.Reject {
			continue
		}
		at := b.RowAt(i)
		for len(bad) > 0 && bad[0].Row < at {
			w.badRow(&bad[0])
			bad = bad[1:]
		}
		w.row(i, at, r.prog.Reasons[rows.Reason[i]].Name)
	}
	for i := range bad {
		w.badRow(&bad[i])
	}
}

// rejectWriter fills a batch of rejects.
type rejectWriter struct {
	*reader
	b    *frame.Batch
	raw  *frame.Batch
	file string
	cell []byte
}

// begin empties the batch's columns.
func (w *rejectWriter) begin() {
	n := w.fields + 3
	w.b.Cols = frame.Grow(w.b.Cols, n)
	for k := range w.b.Cols {
		c := &w.b.Cols[k]
		*c = frame.Column{Type: arrow.BinaryTypes.String, Kind: frame.String, Off: append(c.Off[:0], 0), Data: c.Data[:0], Valid: c.Valid[:0]}
	}
	w.b.Cols[n-1] = frame.Column{Type: arrow.PrimitiveTypes.Int64, Kind: frame.Int, I64: w.b.Cols[n-1].I64[:0]}
	w.b.N = 0
}

// row adds row i of the raw batch.
func (w *rejectWriter) row(i int, at int64, reason string) {
	var texts []string
	if w.raw.Raw != nil {
		texts = w.raw.Raw(i)
	}
	k := 0
	for f := range w.rel.Fact.Schema().NumFields() {
		slot := w.prog.SourceAt(f)
		switch {
		case slot < 0:
			continue
		case f < len(texts):
			w.put(k, texts[f], false)
		default:
			c := &w.raw.Cols[slot]
			w.cell = relation.AppendCell(w.cell[:0], c, i)
			w.put(k, string(w.cell), c.IsNull(i))
		}
		k++
	}
	w.end(reason, at)
}

// badRow adds a row that could not be cut into columns: its text stands in the first.
func (w *rejectWriter) badRow(bad *frame.BadRow) {
	for k := range w.fields {
		w.put(k, bad.Raw, k > 0)
	}
	w.end(Unparsable+": "+bad.Reason, bad.Row)
}

// put appends a text to column k.
func (w *rejectWriter) put(k int, s string, null bool) {
	c := &w.b.Cols[k]
	for len(c.Valid) < c.Len/8+1 {
		c.Valid = append(c.Valid, 0)
	}
	if null {
		c.Nulls++
	} else {
		frame.SetBit(c.Valid, c.Len)
		c.Data = append(c.Data, s...)
	}
	c.Off = append(c.Off, int32(len(c.Data)))
	c.Len++
}

// end adds the three columns of ours.
func (w *rejectWriter) end(reason string, at int64) {
	w.put(w.fields, reason, false)
	w.put(w.fields+1, w.file, false)
	c := &w.b.Cols[w.fields+2]
	c.I64 = append(c.I64, at)
	c.Len++
	w.b.N++
}

// gather makes dst an independent copy of the chosen rows of src.
func gather(dst, src *frame.Column, sel []int32) {
	n := len(sel)
	dst.Type, dst.Kind, dst.Len, dst.Nulls, dst.Dict, dst.Bad = src.Type, src.Kind, n, 0, src.Dict, nil
	dst.I64, dst.F64, dst.D128, dst.Codes = pick(dst.I64, src.I64, sel), pick(dst.F64, src.F64, sel), pick(dst.D128, src.D128, sel), pick(dst.Codes, src.Codes, sel)
	if src.Kind == frame.String && src.Dict == nil {
		dst.Off, dst.Data = append(dst.Off[:0], 0), dst.Data[:0]
		for _, i := range sel {
			dst.Data = append(dst.Data, src.Data[src.Off[i]:src.Off[i+1]]...)
			dst.Off = append(dst.Off, int32(len(dst.Data)))
		}
	} else {
		dst.Off, dst.Data = nil, nil
	}
	if src.Valid == nil {
		dst.Valid = nil
		return
	}
	dst.Valid = frame.Grow(dst.Valid, (n+7)/8)
	clear(dst.Valid)
	for o, i := range sel {
		if frame.Bit(src.Valid, int(i)) {
			frame.SetBit(dst.Valid, o)
		} else {
			dst.Nulls++
		}
	}
}

// pick copies src[sel[i]] into dst's memory; nil stays nil.
func pick[T any](dst, src []T, sel []int32) []T {
	if src == nil {
		return nil
	}
	dst = frame.Grow(dst, len(sel))
	for o, i := range sel {
		dst[o] = src[i]
	}
	return dst
}

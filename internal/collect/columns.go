package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	parquetsink "github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Column is a column of the files of a folder: all of them have the same, so that they are read as one table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // one of Types
}

// kinds are what a column may be, with a value that is recognised as such.
var kinds = map[string]struct {
	kind    frame.Kind
	of      arrow.DataType
	example string
}{
	"string":    {frame.String, arrow.BinaryTypes.String, `"x"`},
	"integer":   {frame.Int, arrow.PrimitiveTypes.Int64, "1"},
	"double":    {frame.Float, arrow.PrimitiveTypes.Float64, "1.5"},
	"boolean":   {frame.Bool, arrow.FixedWidthTypes.Boolean, "true"},
	"date":      {frame.Date, arrow.FixedWidthTypes.Date32, `"2026-01-31"`},
	"datetime":  {frame.Time, &arrow.TimestampType{Unit: arrow.Microsecond}, `"2026-01-31T10:00:00"`},
	"timestamp": {frame.Time, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, `"2026-01-31T10:00:00Z"`},
}

// Types lists the kinds of columns.
func Types() []string {
	var out []string
	for k := range kinds {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// CheckTypes refuses kinds that no column has.
func CheckTypes(types map[string]string) error {
	for name, kind := range types {
		if _, ok := kinds[kind]; !ok {
			return fault.New(fault.Usage, "--type %s=%s: no column can be that", name, kind).WithHint("one of %s", strings.Join(Types(), ", "))
		}
	}
	return nil
}

// More is the column that keeps members which the first file did not have, as an object of JSON.
const More = "_more"

// exactInts bounds the whole numbers that a double holds exactly.
const exactInts = 1 << 53

// whole numbers in columns with such names are no quantities, and stay integers
var idName = regexp.MustCompile(`(?i)(^|[_. -])(id|no|nr|number|code|key)$|[a-z](Id|ID|No|Nr|Number|Code|Key)$`)

// inferColumns decides on columns by lines. What is a number may have a fraction in later lines, so
// only ids are integers; what does not always look like a time is text.
func inferColumns(ctx context.Context, text []byte, types map[string]string) ([]Column, error) {
	ds, err := ndjson.Open(ctx, "the lines", bytes.NewReader(text), int64(len(text)), ndjson.Options{})
	if err != nil {
		return nil, err
	}
	var columns []Column
	whole := map[string]bool{}
	for _, f := range ds.Schema().Fields() {
		kind := kindOf(f.Type)
		if whole[f.Name] = kind == "integer"; whole[f.Name] && !idName.MatchString(f.Name) {
			kind = "double"
		}
		if t, ok := types[f.Name]; ok {
			kind = t
		}
		columns = append(columns, Column{f.Name, kind})
	}
	for name, kind := range types {
		if !slices.ContainsFunc(columns, func(c Column) bool { return c.Name == name }) {
			columns = append(columns, Column{name, kind})
		}
	}
	if !slices.ContainsFunc(columns, func(c Column) bool { return c.Name == More }) {
		columns = append(columns, Column{More, "string"})
	}
	for { // what is not as it seemed becomes text, or a number that keeps all digits
		p, err := newParser(ctx, columns)
		if err != nil {
			return nil, err
		}
		bad, err := p.unfit(text)
		if err != nil {
			return nil, err
		}
		changed := false
		for i := range columns {
			c := &columns[i]
			if _, stated := types[c.Name]; !bad[i] || stated || c.Type == "string" {
				continue
			}
			if changed = true; c.Type == "double" && whole[c.Name] {
				c.Type = "integer"
			} else {
				c.Type = "string"
			}
		}
		if !changed {
			return columns, nil
		}
	}
}

// kindOf names the kind of an inferred column.
func kindOf(t arrow.DataType) string {
	switch frame.KindOf(t) {
	case frame.Int:
		return "integer"
	case frame.Float:
		return "double"
	case frame.Bool:
		return "boolean"
	case frame.Date:
		return "date"
	case frame.Time:
		if ts, ok := t.(*arrow.TimestampType); ok && ts.TimeZone != "" {
			return "timestamp"
		}
		return "datetime"
	}
	return "string"
}

// parser reads lines as rows of fixed columns.
type parser struct {
	columns []Column
	names   map[string]bool
	schema  *arrow.Schema
	p       *ndjson.Parser
	unknown int64
	batch   frame.Batch
}

// newParser makes a parser of columns: a made-up line that has them all tells their kinds.
func newParser(ctx context.Context, columns []Column) (*parser, error) {
	ctx = context.WithoutCancel(ctx) // it outlives the call, and writes the last file after an interrupt
	var line bytes.Buffer
	var fields []arrow.Field
	names := map[string]bool{}
	for i, c := range columns {
		k, ok := kinds[c.Type]
		name, err := json.Marshal(c.Name)
		if err != nil || !ok || names[c.Name] {
			return nil, fault.New(fault.Input, "column %q of type %q: it is there twice, or of a type that no column has", c.Name, c.Type)
		}
		names[c.Name] = true
		sep := ","
		if i == 0 {
			sep = "{"
		}
		fmt.Fprintf(&line, "%s%s:%s", sep, name, k.example)
		fields = append(fields, arrow.Field{Name: c.Name, Type: k.of, Nullable: true})
	}
	line.WriteString("}\n")
	ds, err := ndjson.Open(ctx, "the columns", bytes.NewReader(line.Bytes()), int64(line.Len()), ndjson.Options{})
	if err != nil {
		return nil, err
	}
	var wants []source.Want
	for _, c := range columns {
		at := ds.Schema().FieldIndices(c.Name)
		if len(at) != 1 {
			return nil, fault.New(fault.Internal, "column %q cannot be read", c.Name)
		}
		wants = append(wants, source.Want{Col: at[0], As: kinds[c.Type].kind})
	}
	p, err := ds.NewParser(ctx, wants)
	if err != nil {
		return nil, err
	}
	return &parser{columns: columns, names: names, schema: arrow.NewSchema(fields, nil), p: p}, nil
}

// fits reports whether the values of column i of the batch are all what they are kept as.
func (p *parser) fits(i int) bool {
	c := &p.batch.Cols[i]
	for _, b := range c.Bad {
		if b != 0 {
			return false
		}
	}
	if p.columns[i].Type == "double" {
		for _, v := range c.F64 {
			if math.Abs(v) >= exactInts {
				return false
			}
		}
	}
	return true
}

// unfit tells which columns have values that do not fit them.
func (p *parser) unfit(text []byte) ([]bool, error) {
	bad := make([]bool, len(p.columns))
	p.p.Reset(text)
	for {
		err := p.p.Next(&p.batch)
		if err == io.EOF {
			p.unknown = p.p.Unknown()
			return bad, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range p.columns {
			bad[i] = bad[i] || !p.fits(i)
		}
	}
}

// writeFile writes lines as a Parquet file and makes it durable. ok is false, and the file of no use, when
// a line does not fit.
func (p *parser) writeFile(ctx context.Context, path string, text []byte) (rows int64, ok bool, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666)
	if err != nil {
		return 0, false, vfs.Classify(err, "writing "+path)
	}
	defer func() {
		if cerr := f.Close(); err == nil && cerr != nil {
			err = vfs.Classify(cerr, "writing "+path)
		}
	}()
	w, err := parquetsink.NewWriter(f, p.schema, parquetsink.Options{})
	if err != nil {
		return 0, false, vfs.Classify(err, "writing "+path)
	}
	p.p.Reset(text)
	for {
		if err := ctx.Err(); err != nil {
			return 0, false, vfs.Classify(err, "writing "+path)
		}
		err := p.p.Next(&p.batch)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, false, err
		}
		unknown := p.p.Unknown()
		fit := len(p.batch.Bad) == 0 && unknown == p.unknown
		p.unknown = unknown
		for i := 0; fit && i < len(p.columns); i++ {
			fit = p.fits(i)
		}
		if !fit {
			return 0, false, nil
		}
		if err := w.Write(&p.batch); err != nil {
			return 0, false, vfs.Classify(err, "writing "+path)
		}
	}
	rows = w.Rows()
	if err := w.Close(); err != nil {
		return 0, false, vfs.Classify(err, "writing "+path)
	}
	if err := f.Sync(); err != nil {
		return 0, false, vfs.Classify(err, "writing "+path)
	}
	return rows, true, nil
}

// fix gives a line such that it fits: members without a column go into the column More. why says
// why no line can be made of it.
func (p *parser) fix(_ context.Context, line []byte) (fixed []byte, why string, err error) {
	p.p.Reset(line)
	err = p.p.Next(&p.batch)
	if err != nil && err != io.EOF {
		return nil, "", err
	}
	unknown := p.p.Unknown()
	more := unknown != p.unknown
	p.unknown = unknown
	if err == io.EOF || len(p.batch.Bad) > 0 || p.batch.N != 1 {
		return nil, "it is not one row", nil
	}
	for i, c := range p.columns {
		if !p.fits(i) {
			return nil, fmt.Sprintf("%s is no %s", c.Name, c.Type), nil
		}
	}
	if !more {
		return line, "", nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(line, &all); err != nil {
		return nil, "it is no JSON: " + err.Error(), nil
	}
	rest := map[string]json.RawMessage{}
	for name, v := range all {
		if !p.names[name] {
			rest[name] = v
			delete(all, name)
		}
	}
	text, err := json.Marshal(rest)
	if err == nil {
		all[More], err = json.Marshal(string(text))
	}
	if err == nil {
		fixed, err = json.Marshal(all)
	}
	if err != nil {
		return nil, "it cannot be kept: " + err.Error(), nil //nolint:nilerr // told in the letter
	}
	return fixed, "", nil
}

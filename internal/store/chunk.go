package store

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Bounds of a chunk, the unit of committing: large enough that a commit costs nothing beside its
// rows, small enough that little is done again after a crash.
const (
	chunkRows  = 1 << 15
	chunkBytes = 16 << 20
	argsRows   = 1 << 14 // without bulk loading: values of statements need more memory
)

// chunk is some rows of an input on their way to the store.
type chunk struct {
	file     int
	from, to int64 // rows of the file that are done before and after
	last     bool  // the file ends with it
	lines    int
	columns  []string // of lines
	text     []byte   // of lines for bulk loading
	args     []any    // of lines otherwise
	rejects  []any    // import_id, row_no, reason, raw
	size     int
	acc      Account // of the file up to the chunk's end
	money    string  // currencies of the lines of the file so far, separated by blanks
}

// full says that a chunk should be stored.
func (c *chunk) full(rows int) bool {
	return c.lines >= rows || c.size >= chunkBytes || len(c.rejects) >= 4*argsRows
}

// addLine adds row i of a batch as a line.
func (c *chunk) addLine(bulk bool, id, row int64, rows *relation.Rows, b *binding, i int) {
	kind, money := int64(0), any(nil)
	if rows.Kind[i] == relation.Reversal {
		kind = 1
	}
	c.lines++
	if !bulk {
		if !rows.MoneyNull(i) {
			money = rows.Money[i]
		}
		c.args = append(c.args, id, row, kind, money)
		for k := range columns {
			if !b.stored(k) {
				continue
			}
			v := b.value(rows, k, i)
			if s, ok := v.(string); ok {
				c.size += len(s)
			}
			c.args = append(c.args, v)
		}
		return
	}
	at := len(c.text)
	t := strconv.AppendInt(c.text, id, 10)
	t = strconv.AppendInt(append(t, '\t'), row, 10)
	t = strconv.AppendInt(append(t, '\t'), kind, 10)
	t = append(t, '\t')
	if rows.MoneyNull(i) {
		t = sqldb.AppendNull(t)
	} else {
		t = strconv.AppendInt(t, rows.Money[i], 10)
	}
	for k := range columns {
		if b.stored(k) {
			t = b.appendField(append(t, '\t'), rows, k, i)
		}
	}
	c.text = append(t, '\n')
	c.size += len(c.text) - at
}

// appendField appends column k of row i for bulk loading.
func (b *binding) appendField(t []byte, rows *relation.Rows, k, i int) []byte {
	if k == currencyColumn && b.converted != "" {
		return append(t, b.converted...)
	}
	col := rows.Cols[b.at[k]]
	switch {
	case col.IsNull(i):
		return sqldb.AppendNull(t)
	case col.Kind == frame.String:
		return sqldb.AppendField(t, col.Str(i))
	}
	return columns[k].appendValue(t, col, i)
}

// value is column k of row i as an argument.
func (b *binding) value(rows *relation.Rows, k, i int) any {
	if k == currencyColumn && b.converted != "" {
		return b.converted
	}
	col := rows.Cols[b.at[k]]
	switch {
	case col.IsNull(i):
		return nil
	case columns[k].form == numberForm && col.Kind == frame.Float:
		return col.F64[i]
	case columns[k].form == numberForm:
		return float64(col.I64[i])
	}
	return string(columns[k].appendValue(nil, col, i))
}

// unfit returns why row i cannot be a line, or "".
func (b *binding) unfit(rows *relation.Rows, i int) string {
	for k := range columns {
		if b.at[k] >= 0 {
			if why := columns[k].unfit(rows.Cols[b.at[k]], i); why != "" {
				return why + " (" + columns[k].name + ")"
			}
		}
	}
	return ""
}

// maxRaw bounds what is kept of a rejected row.
const maxRaw = 64 << 10

// addReject adds a rejected row with its raw values.
func (c *chunk) addReject(id, row int64, reason string, raw []byte) {
	c.rejects = append(c.rejects, id, row, cut(reason, 255), string(raw))
	c.size += len(raw) + len(reason)
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// rawRow writes a row as it was read as a JSON object of texts, null where nothing stood.
func rawRow(p *relation.Program, names []string, rows *relation.Rows, i int) ([]byte, error) {
	var texts []string
	if rows.Raw.Raw != nil {
		texts = rows.Raw.Raw(i)
	}
	out := []byte{'{'}
	var cell []byte
	for f, name := range names {
		slot := p.SourceAt(f)
		if slot < 0 {
			continue
		}
		var v any
		switch col := &rows.Raw.Cols[slot]; {
		case f < len(texts):
			v = valid(texts[f])
		case !col.IsNull(i):
			cell = relation.AppendCell(cell[:0], col, i)
			v = valid(string(cell))
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		k, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		val, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, k...), ':'), val...)
		if len(out) > maxRaw {
			return json.Marshal(map[string]string{"": "the row is longer than 64 KiB"})
		}
	}
	return append(out, '}'), nil
}

// rawText is rawRow for a row that could not be cut into columns.
func rawText(s string) ([]byte, error) {
	return json.Marshal(map[string]string{"": cut(valid(s), maxRaw/8)})
}

// valid shows text that is no UTF-8 with escapes.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	q := strconv.QuoteToASCII(s)
	return q[1 : len(q)-1]
}

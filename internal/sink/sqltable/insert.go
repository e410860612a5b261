package sqltable

import (
	"context"
	"encoding/hex"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
)

// statementBytes is about the length of an INSERT of many rows.
const statementBytes = 512 << 10

// fill inserts rows by statements of many rows each; values stand in them as literals, which is several times
// faster than arguments of prepared statements.
func (m *mysqlJob) fill(ctx context.Context, table string, fill func(sink.Writer) error) error {
	head := "INSERT INTO " + table + " (" + m.url.Dialect.QuoteAll(m.names()) + ") VALUES "
	buf := append(make([]byte, 0, statementBytes+64<<10), head...)
	flush := func() error {
		if len(buf) == len(head) {
			return nil
		}
		err := m.exec(ctx, string(buf))
		buf = append(buf[:0], head...)
		return err
	}
	w := &writer{j: m.job, write: func(b *frame.Batch) (err error) {
		for i := range b.N {
			if len(buf) > len(head) {
				buf = append(buf, ',')
			}
			if buf, err = m.row(buf, b, i); err != nil {
				return err
			}
			if len(buf) >= statementBytes {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	}}
	if err := fill(w); err != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}
	return flush()
}

// row appends (literal, …).
func (m *mysqlJob) row(buf []byte, b *frame.Batch, i int) (_ []byte, err error) {
	buf = append(buf, '(')
	for c := range b.Cols {
		if c > 0 {
			buf = append(buf, ',')
		}
		if buf, err = m.cols[c].literal(buf, &b.Cols[c], i); err != nil {
			return buf, fault.Wrap(err, "row %d", m.report.Rows+int64(i)+1)
		}
	}
	return append(buf, ')'), nil
}

// literal appends a value in MySQL's language, for a session in which the backslash escapes.
func (c *column) literal(b []byte, col *frame.Column, i int) ([]byte, error) {
	if col.IsNull(i) {
		return append(b, "NULL"...), nil
	}
	switch {
	case c.dated():
		out, err := c.appendTime(append(b, '\''), col.I64[i])
		return append(out, '\''), err
	case col.Kind == frame.Float:
		if !finite(col.F64[i]) {
			return append(b, "NULL"...), nil
		}
		return strconv.AppendFloat(b, col.F64[i], 'e', -1, 64), nil
	case col.Kind == frame.Decimal:
		return append(b, decimalAt(col, i).ToString(col.Scale())...), nil
	case col.Kind == frame.String && c.binary():
		return append(hex.AppendEncode(append(b, "x'"...), col.Str(i)), '\''), nil
	case col.Kind == frame.String:
		return quoteText(b, col.Str(i)), nil
	case col.Unsigned():
		return strconv.AppendUint(b, uint64(col.I64[i]), 10), nil
	}
	return strconv.AppendInt(b, col.I64[i], 10), nil
}

// quoteText appends a text literal.
func quoteText(b, s []byte) []byte {
	b = append(b, '\'')
	for _, c := range s {
		switch c {
		case 0:
			b = append(b, '\\', '0')
		case '\'', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case 26:
			b = append(b, '\\', 'Z')
		default:
			b = append(b, c)
		}
	}
	return append(b, '\'')
}

package sqltable

import (
	"bytes"
	"context"
	"encoding/hex"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Bytes that are sent at once: about the length of an INSERT of many rows, and of the rows of a LOAD DATA.
const (
	statementBytes = 512 << 10
	loadBytes      = 4 << 20
)

// fill sends rows by LOAD DATA LOCAL where the server takes it, else by statements of many rows each; values stand
// in those as literals, which is several times faster than arguments of prepared statements.
func (m *mysqlJob) fill(ctx context.Context, table string, fill func(sink.Writer) error) error {
	bulk, err := m.bulk(ctx, table)
	if err != nil {
		return err
	}
	p := &pack{m: m, limit: statementBytes, head: "INSERT INTO " + table + " (" + m.url.Dialect.QuoteAll(m.names()) + ") VALUES "}
	p.row, p.send = m.row, func(b []byte) error { return m.exec(ctx, string(b)) }
	if bulk {
		p.limit, p.head, p.row = loadBytes, "", m.line
		p.send = func(b []byte) error { return m.bulkLoad(ctx, table, b, p.rows) }
	}
	p.begin()
	w := &writer{j: m.job, write: func(b *frame.Batch) error {
		if err := p.add(b); err != nil {
			return err
		}
		return ctx.Err()
	}}
	if err := fill(w); err != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}
	return p.flush()
}

// pack gathers rows that are sent at once.
type pack struct {
	m     *mysqlJob
	head  string
	limit int
	buf   []byte
	rows  int64
	row   func(buf []byte, b *frame.Batch, i int) ([]byte, error)
	send  func(buf []byte) error
}

func (p *pack) begin() { p.buf, p.rows = append(p.buf[:0], p.head...), 0 }

func (p *pack) flush() error {
	if p.rows == 0 {
		return nil
	}
	err := p.send(p.buf)
	p.begin()
	return err
}

func (p *pack) add(b *frame.Batch) (err error) {
	for i := range b.N {
		if p.rows > 0 && p.head != "" {
			p.buf = append(p.buf, ',')
		}
		if p.buf, err = p.row(p.buf, b, i); err != nil {
			return fault.Wrap(err, "row %d", p.m.report.Rows+int64(i)+1)
		}
		p.rows++
		if len(p.buf) >= p.limit {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// bulk reports whether the server takes LOAD DATA LOCAL, by trying it without rows: a proxy may refuse what the
// server allows.
func (m *mysqlJob) bulk(ctx context.Context, table string) (bool, error) {
	if !m.db.LocalInfile {
		return false, nil
	}
	err := m.bulkLoad(ctx, table, nil, 0)
	if sqldb.IsNoLocalInfile(err) {
		return false, nil
	}
	return err == nil, err
}

// bulkLoad sends lines; the server must store all of them without a warning.
func (m *mysqlJob) bulkLoad(ctx context.Context, table string, lines []byte, want int64) error {
	l := sqldb.Load{Table: table, Columns: m.names(), Text: true, Hex: func(i int) bool { return m.cols[i].binary() }}
	n, err := l.Send(ctx, m.conn, bytes.NewReader(lines))
	if err == nil && n != want {
		return fault.New(fault.Internal, "writing to %s: %d rows were sent, %d were stored", m.url, want, n)
	}
	return err
}

// line appends a row for LOAD DATA.
func (m *mysqlJob) line(buf []byte, b *frame.Batch, i int) (_ []byte, err error) {
	for c := range b.Cols {
		if c > 0 {
			buf = append(buf, '\t')
		}
		if buf, err = m.cols[c].field(buf, &b.Cols[c], i); err != nil {
			return buf, err
		}
	}
	return append(buf, '\n'), nil
}

// field appends a value for LOAD DATA.
func (c *column) field(b []byte, col *frame.Column, i int) ([]byte, error) {
	switch {
	case col.IsNull(i), col.Kind == frame.Float && !finite(col.F64[i]):
		return sqldb.AppendNull(b), nil
	case c.dated():
		return c.appendTime(b, col.I64[i])
	case col.Kind == frame.Float && col.F64[i] == 0: // also −0, which literals cannot say
		return append(b, '0'), nil
	case col.Kind == frame.String && c.binary():
		return hex.AppendEncode(b, col.Str(i)), nil
	case col.Kind == frame.String:
		return sqldb.AppendField(b, col.Str(i)), nil
	}
	return c.literal(b, col, i)
}

// row appends (literal, …).
func (m *mysqlJob) row(buf []byte, b *frame.Batch, i int) (_ []byte, err error) {
	buf = append(buf, '(')
	for c := range b.Cols {
		if c > 0 {
			buf = append(buf, ',')
		}
		if buf, err = m.cols[c].literal(buf, &b.Cols[c], i); err != nil {
			return buf, err
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

package sqltable

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// batchBytes bounds the text of a batch.
const batchBytes = 16 << 20

// attempts is how often a range is begun.
const attempts = 3

// reader gives the rows of a range.
type reader struct {
	ctx    context.Context
	s      *split
	query  string
	key    string // the columns read
	fields []*field
	dest   []driver.Value

	conn  *sql.Conn
	rows  driver.Rows
	stop  func()
	row   int64
	tried int
	ended bool
	zeros int64
	sum   hash.Hash
	buf   []byte
}

func newReader(ctx context.Context, s *split, want []source.Want) (*reader, error) {
	r := &reader{ctx: ctx, s: s, dest: make([]driver.Value, max(1, len(want))), sum: sha256.New()}
	var list, names []string
	for _, w := range want {
		if w.Col < 0 || w.Col >= len(s.d.t.cols) || s.d.t.cols[w.Col].how == asNothing {
			return nil, fault.New(fault.Internal, "reading %s: there is no column %d", s.d.db.URL, w.Col)
		}
		c := &s.d.t.cols[w.Col]
		f, err := newField(c, &r.zeros)
		if err != nil {
			return nil, err
		}
		r.fields = append(r.fields, f)
		list = append(list, c.sel)
		names = append(names, c.name)
	}
	r.query = s.d.statement(list, s.keys)
	r.key = strings.Join(names, "\x00")
	fmt.Fprintf(r.sum, "%q", names)
	return r, nil
}

// stream runs a statement and gives its rows as the driver has them: package database/sql would
// convert every value twice. The connection belongs to the caller until done is called.
func stream(ctx context.Context, conn *sql.Conn, text string) (rows driver.Rows, done func(), err error) {
	var stmt driver.Stmt
	err = conn.Raw(func(dc any) (err error) {
		p, ok := dc.(driver.ConnPrepareContext)
		if !ok {
			return fault.New(fault.Internal, "the driver prepares no statements")
		}
		if stmt, err = p.PrepareContext(ctx, text); err != nil {
			return err
		}
		q, ok := stmt.(driver.StmtQueryContext)
		if !ok {
			return fault.New(fault.Internal, "the driver's statements are no queries")
		}
		rows, err = q.QueryContext(ctx, nil)
		return err
	})
	ended := false
	done = func() {
		if ended {
			return
		}
		ended = true
		if rows != nil {
			_ = rows.Close() // what was read stays right
		}
		if stmt != nil {
			_ = stmt.Close()
		}
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return rows, done, nil
}

// begin asks for the range. A connection that turns out to be lost is replaced by another of the same snapshot.
func (r *reader) begin() error {
	for {
		r.tried++
		conn, err := r.s.d.snap.acquire(r.ctx)
		if err != nil {
			return err
		}
		rows, stop, err := stream(r.ctx, conn, r.query)
		if err == nil {
			if err = rows.Next(r.dest); err == nil || err == io.EOF {
				r.conn, r.rows, r.stop = conn, rows, stop
				if err == io.EOF {
					r.end()
				}
				return nil
			}
			stop()
		}
		lost := sqldb.Passing(err) || r.ctx.Err() != nil
		r.s.d.snap.release(conn, lost)
		if !lost || r.tried == attempts || r.ctx.Err() != nil {
			return r.fail(err)
		}
	}
}

// end gives the connection back.
func (r *reader) end() {
	r.ended = true
	r.stop()
	r.s.d.snap.release(r.conn, false)
	r.conn = nil
}

func (r *reader) fail(err error) error {
	if cause := r.ctx.Err(); cause != nil {
		err = cause
	}
	doing := "reading"
	if k := r.s.keys; r.s.d.t.key != "" && k != whole {
		doing = fmt.Sprintf("reading %s %d to %d", r.s.d.t.key, k.lo, k.hi)
	}
	return r.s.d.db.Explain(err, doing)
}

// Next implements source.Reader.
func (r *reader) Next(b *frame.Batch) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if r.rows == nil {
		if err := r.begin(); err != nil {
			return err
		}
		if r.ended {
			r.told()
		}
	}
	if r.ended {
		return io.EOF
	}
	for _, f := range r.fields {
		f.b.Reset(frame.BatchRows)
		f.start()
	}
	n, size := 0, 0
	for { // r.dest holds a row
		for i, f := range r.fields {
			size += f.put(n, r.dest[i])
		}
		n++
		err := r.rows.Next(r.dest)
		if err == io.EOF {
			r.end()
			break
		}
		if err != nil {
			r.lost()
			return r.fail(err)
		}
		if n == frame.BatchRows || size > batchBytes {
			break
		}
	}
	b.Cols = frame.Grow(b.Cols, len(r.fields))
	b.N, b.Row0, b.Rows, b.Bad, b.Raw = n, r.row, nil, b.Bad[:0], nil
	r.row += int64(n)
	for i, f := range r.fields {
		f.finish(n, &b.Cols[i])
		r.hash(&b.Cols[i], n)
	}
	if r.ended {
		r.told()
	}
	return nil
}

func (r *reader) told() {
	r.s.d.done(r.s, r.key, r.row, r.zeros, r.sum.Sum(nil))
}

// lost gives up the connection in the middle of a range.
func (r *reader) lost() {
	r.ended = true
	r.stop()
	r.s.d.snap.release(r.conn, true)
	r.conn = nil
}

// hash adds the values of a column to the digest.
func (r *reader) hash(c *frame.Column, n int) {
	buf := r.buf[:0]
	switch c.Kind {
	case frame.Float:
		buf = fromFloats(buf, c.F64[:n])
	case frame.String:
		for i := range n {
			var s []byte
			if !c.IsNull(i) {
				s = c.Str(i)
			}
			buf = binary.AppendUvarint(buf, uint64(len(s)))
			buf = append(buf, s...)
		}
	default:
		for i, v := range c.I64 {
			if i == n {
				break
			}
			buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
		}
		for i, v := range c.D128 {
			if i == n {
				break
			}
			buf = binary.LittleEndian.AppendUint64(buf, v.LowBits())
			buf = binary.LittleEndian.AppendUint64(buf, uint64(v.HighBits()))
		}
	}
	if c.Nulls > 0 {
		for i := range n {
			if c.IsNull(i) {
				buf = binary.AppendUvarint(buf, uint64(i))
			}
		}
	}
	r.sum.Write(buf)
	r.buf = buf
}

// Close implements source.Reader.
func (r *reader) Close() error {
	if r.conn == nil {
		r.ended = true
		return nil
	}
	// the rest of the range is read over, so that the connection can be used again
	r.ended = true
	r.stop()
	r.s.d.snap.release(r.conn, r.ctx.Err() != nil)
	r.conn = nil
	return nil
}

package csv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// fieldEnd returns the place of the first delimiter or newline from p on. The
// guard behind the text is a newline, so there always is one; d and n are the
// two characters in every byte of a word.
func fieldEnd(s []byte, p int, d, n uint64) int {
	for {
		x := binary.LittleEndian.Uint64(s[p : p+8])
		a, b := x^d, x^n
		// A byte that became zero gets its high bit set; bytes above a zero one may get
		// it wrongly, which does not matter for the lowest.
		if m := ((a - ones) &^ a & highs) | ((b - ones) &^ b & highs); m != 0 {
			return p + bits.TrailingZeros64(m)>>3
		}
		p += 8
	}
}

// record parses the record at r.pos into row n and moves r.pos behind it. It returns
// 1; 0 when the text ends before the record does; -1 for a bad one, which it noted.
func (r *reader) record(n int) int {
	s := r.buf[:r.end+padding]
	delim, nl := r.ds.d.delim, r.ds.d.nl
	dw, nw := ones*uint64(delim), ones*uint64(nl)
	p, last := r.pos, len(r.ops)-1
	r.inner = 0
	for f := range r.ops {
		op := &r.ops[f]
		q, ok := 0, false
		if s[p] == '"' {
			// In quotes, with neither a quote nor a newline inside: as without them.
			if e := fieldEnd(s, p+1, ones*'"', nw); s[e] == '"' && (s[e+1] == delim || s[e+1] == nl || s[e+1] == '\r' && s[e+2] == nl) {
				if ok = plain(s, p+1, e, n, op); ok {
					if q = e + 1; s[q] == '\r' {
						q++
					}
				}
			}
		} else {
			switch op.code {
			case opSkip:
				q, ok = fieldEnd(s, p, dw, nw), true
			case opInt:
				q, ok = fastInt(s, p, n, op.b)
			case opFloat:
				q, ok = fastFloat(s, p, n, op.mark, op.b)
			default:
				q = fieldEnd(s, p, dw, nw)
				end := q
				if s[q] == nl && q > p && s[q-1] == '\r' {
					end--
				}
				if op.code == opText && (end-p > op.long || end > p && s[p] != '\\' && (op.long == 2 || s[p]-'0' <= 9)) {
					op.b.SetStr(n, s[p:end])
					ok = true
				} else if op.code == opTime {
					ok = op.b.ISO(n, s[p:end])
				}
			}
			if ok && s[q] != delim && s[q] != nl {
				if s[q] == '\r' && s[q+1] == nl {
					q++
				} else {
					ok = false
				}
			}
		}
		if !ok {
			if q = r.slow(op, p, n, dw, nw); q < 0 {
				return r.brokenQuote(f, p, q, dw, nw)
			}
		}
		if q >= r.end { // the guard, not a newline of the text
			return 0
		}
		if s[q] == delim {
			if f == last {
				return r.wrongCount(q+1, f+2, dw, nw)
			}
			p = q + 1
			continue
		}
		if f != last {
			return r.badLine(q+1, fmt.Sprintf("%d fields instead of %d", f+1, last+1))
		}
		p = q + 1
	}
	if p-r.pos > r.ds.opts.MaxRecord {
		return r.badLine(p, "the row is too long")
	}
	r.pos = p
	r.line += 1 + r.inner
	return 1
}

// plain puts the field s[p:e] into row n where a fast way fits it.
func plain(s []byte, p, e, n int, op *field) bool {
	switch op.code {
	case opSkip:
		return true
	case opInt:
		q, ok := fastInt(s, p, n, op.b)
		return ok && q == e
	case opFloat:
		q, ok := fastFloat(s, p, n, op.mark, op.b)
		return ok && q == e
	case opTime:
		return op.b.ISO(n, s[p:e])
	case opText:
		if e-p > op.long || e > p && s[p] != '\\' && (op.long == 2 || s[p]-'0' <= 9) {
			op.b.SetStr(n, s[p:e])
			return true
		}
	}
	return false
}

// fastInt reads up to 18 digits and returns where they ended.
func fastInt(s []byte, p, n int, b *value.Builder) (int, bool) {
	neg := s[p] == '-'
	if neg {
		p++
	}
	q := p
	v := int64(0)
	for {
		d := s[q] - '0'
		if d > 9 {
			break
		}
		v = v*10 + int64(d)
		q++
	}
	if q == p || q-p > 18 || s[p] == '0' && q-p > 1 {
		return q, false
	}
	if neg {
		v = -v
	}
	b.I64[n] = v
	return q, true
}

// fastFloat reads plain decimals of up to 15 digits, which one division gives exactly.
func fastFloat(s []byte, p, n int, mark byte, b *value.Builder) (int, bool) {
	neg := s[p] == '-'
	if neg {
		p++
	}
	q := p
	v := int64(0)
	for {
		d := s[q] - '0'
		if d > 9 {
			break
		}
		v = v*10 + int64(d)
		q++
	}
	digits, frac := q-p, 0
	if s[q] == mark {
		q++
		t := q
		for {
			d := s[q] - '0'
			if d > 9 {
				break
			}
			v = v*10 + int64(d)
			q++
		}
		frac = q - t
		digits += frac
	}
	if digits == 0 || digits > 15 {
		return q, false
	}
	x := float64(v) / value.Pow10[frac]
	if neg {
		x = -x
	}
	b.F64[n] = x
	return q, true
}

// The ways a quoted field may fail.
const (
	needMore  = -1
	neverShut = -2
	textAfter = -3
)

// slow reads the field at p the general way: quotes, nulls, blanks, unusual
// spellings. It returns the place of its terminator, or why there is none.
func (r *reader) slow(op *field, p, n int, dw, nw uint64) int {
	s := r.buf[:r.end+padding]
	var f []byte
	var q int
	if s[p] == '"' {
		after := closing(s[:r.end], p+1)
		switch {
		case after < 0 || after == r.end && !r.eof:
			if !r.eof && r.end-r.pos <= r.ds.opts.MaxRecord {
				return needMore
			}
			return neverShut
		case after-r.pos > r.ds.opts.MaxRecord:
			return neverShut
		}
		f = s[p+1 : after-1]
		if i := bytes.IndexByte(f, '"'); i >= 0 {
			f = r.unquote(f, i)
		}
		q = fieldEnd(s, after, dw, nw)
		end := q
		if s[q] == r.ds.d.nl && end > after && s[end-1] == '\r' {
			end--
		}
		if q < r.end && len(value.Trim(s[after:end])) > 0 {
			return textAfter
		}
		r.inner += int64(bytes.Count(f, []byte{r.ds.d.nl}))
	} else {
		q = fieldEnd(s, p, dw, nw)
		end := q
		if s[q] == r.ds.d.nl && q > p && s[q-1] == '\r' {
			end--
		}
		f = s[p:end]
	}
	if q >= r.end {
		return q
	}
	if op.b != nil {
		op.b.Text(n, f)
	}
	for _, e := range op.extra {
		e.Text(n, f)
	}
	return q
}

// unquote halves doubled quotes; the first one is at i.
func (r *reader) unquote(f []byte, i int) []byte {
	out := append(r.scratch[:0], f[:i]...)
	for ; i < len(f); i++ {
		out = append(out, f[i])
		if f[i] == '"' {
			i++
		}
	}
	r.scratch = out
	return out
}

// note keeps a bad row: the text from r.pos to next, where reading goes on.
func (r *reader) badLine(next int, reason string) int {
	raw := r.buf[r.pos:min(next, r.end)]
	for len(raw) > 0 && (raw[len(raw)-1] == '\n' || raw[len(raw)-1] == '\r') {
		raw = raw[:len(raw)-1]
	}
	if len(raw) > rawLimit {
		raw = raw[:rawLimit]
	}
	r.bad = append(r.bad, frame.BadRow{Row: r.row, Line: r.line, InFile: r.line0 + r.line + 1, Raw: toText(raw), Reason: reason})
	r.pos = next
	r.line += 1 + r.inner
	return -1
}

// wrongCount handles a record with more than the right number of fields, of
// which the last one seen begins at p.
func (r *reader) wrongCount(p, fields int, dw, nw uint64) int {
	end, more, why := r.recordEnd(p, dw, nw)
	switch {
	case why == neverShut:
		return r.firstLine()
	case why == needMore:
		return 0
	}
	return r.badLine(end, fmt.Sprintf("%d fields instead of %d", fields+more, len(r.ops)))
}

// brokenQuote handles a quoted field f at p that is not well formed.
func (r *reader) brokenQuote(f, p, why int, dw, nw uint64) int {
	switch why {
	case needMore:
		return 0
	case neverShut:
		return r.firstLine()
	}
	end, _, why := r.recordEnd(p, dw, nw)
	switch why {
	case needMore:
		return 0
	case neverShut:
		return r.firstLine()
	}
	return r.badLine(end, fmt.Sprintf("text after the closing quote of field %d", f+1))
}

// recordEnd looks for the end of the record of which a field begins at p. It returns
// how many fields there were besides that one.
func (r *reader) recordEnd(p int, dw, nw uint64) (end, more, why int) {
	s := r.buf[:r.end+padding]
	for {
		if s[p] == '"' {
			after := closing(s[:r.end], p+1)
			switch {
			case after < 0 || after == r.end && !r.eof:
				if !r.eof && r.end-r.pos <= r.ds.opts.MaxRecord {
					return 0, more, needMore
				}
				return 0, more, neverShut
			case after-r.pos > r.ds.opts.MaxRecord:
				return 0, more, neverShut
			}
			r.inner += int64(bytes.Count(s[p:after], []byte{r.ds.d.nl}))
			p = after
		}
		q := fieldEnd(s, p, dw, nw)
		switch {
		case q >= r.end:
			return 0, more, needMore
		case s[q] == r.ds.d.nl:
			return q + 1, more, 0
		}
		p = q + 1
		more++
	}
}

// firstLine handles a quote without its partner: the record is its first line,
// so that the rows after it are not lost.
func (r *reader) firstLine() int {
	r.inner = 0
	i := bytes.IndexByte(r.buf[r.pos:r.end], r.ds.d.nl)
	if i < 0 {
		return 0
	}
	return r.badLine(r.pos+i+1, "a quoted field is never closed")
}

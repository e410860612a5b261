package sqltable

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Dataset is a table of a database.
type Dataset struct {
	db      *sqldb.DB
	opts    Options
	t       *table
	snap    *snapshot
	schema  *arrow.Schema
	splits  []source.Split
	notices []string

	mu    sync.Mutex
	sums  map[string][][]byte // digests of the splits, by the columns read
	zeros int64
	stats map[int][]source.Stats // by column; of each split
	total int64                  // rows of the whole table, once a selection asked; else -1
	part  *Dataset               // the last selection

	keep  string   // condition of a selection
	whole *Dataset // of which this is a selection
}

// begin makes the splits.
func (d *Dataset) begin(ranges []keyRange) {
	for i, k := range ranges {
		d.splits = append(d.splits, &split{d: d, at: i, keys: k, rows: -1})
	}
	d.sums, d.stats, d.total = map[string][][]byte{}, map[int][]source.Stats{}, -1
}

// finish makes the schema.
func (d *Dataset) finish() {
	fields := make([]arrow.Field, len(d.t.cols))
	for i := range d.t.cols {
		c := &d.t.cols[i]
		fields[i] = arrow.Field{Name: c.name, Type: c.typ, Nullable: c.nullable}
	}
	d.schema = arrow.NewSchema(fields, nil)
	d.notices = append(d.notices, d.t.notices...)
}

// Schema implements source.Dataset.
func (d *Dataset) Schema() *arrow.Schema { return d.schema }

// Splits implements source.Dataset.
func (d *Dataset) Splits() []source.Split { return d.splits }

// Notices implements source.Dataset.
func (d *Dataset) Notices() []string { return d.notices }

// Inputs implements source.Dataset. The digest covers the values of the columns that were read, in the order of
// the key, for a server has no cheap digest of a table; of a selection it covers its rows only.
func (d *Dataset) Inputs() []source.Input {
	d.mu.Lock()
	defer d.mu.Unlock()
	in := source.Input{URI: d.db.URL.String(), Format: d.db.Dialect.String(), Size: -1, Rows: 0, Detail: d.detail()}
	for _, s := range d.splits {
		n := s.(*split).rows
		if n < 0 {
			in.Rows = d.total
			break
		}
		in.Rows += n
	}
	if in.Digest = d.digest(); in.Digest != "" {
		in.DigestKind = "columns read"
	} else if d.part != nil {
		d.part.mu.Lock()
		defer d.part.mu.Unlock()
		if in.Digest = d.part.digest(); in.Digest != "" {
			in.DigestKind = "rows and columns read"
		}
	}
	return []source.Input{in}
}

// digest is that of any pass that read all splits, but always the same one; "" before there is one.
func (d *Dataset) digest() (least string) {
	for _, sums := range d.sums {
		h := sha256.New()
		whole := true
		for _, s := range sums {
			whole = whole && s != nil
			h.Write(s)
		}
		sum := "sha256:" + hex.EncodeToString(h.Sum(nil))
		if whole && (least == "" || sum < least) {
			least = sum
		}
	}
	return least
}

func (d *Dataset) detail() string {
	s := fmt.Sprintf("%s %s", d.db.Dialect, d.db.Version)
	if d.t.key != "" {
		s += fmt.Sprintf(", %d ranges of %s", len(d.splits), d.t.key)
	}
	if d.zeros > 0 {
		s += fmt.Sprintf(", %d dates of zeros read as null", d.zeros)
	}
	return s
}

// Close implements source.Dataset. A selection is closed with the whole.
func (d *Dataset) Close() error {
	if d.whole != nil {
		return nil
	}
	if d.snap != nil {
		d.snap.drop()
	}
	return d.db.Close()
}

// split is a range of keys.
type split struct {
	d    *Dataset
	at   int
	keys keyRange
	rows int64 // -1 until known; guarded by d.mu
}

// File implements source.Split.
func (s *split) File() int { return 0 }

// Rows implements source.Split.
func (s *split) Rows() int64 {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	return s.rows
}

// Bytes implements source.Split.
func (s *split) Bytes() int64 { return s.d.t.bytes/int64(len(s.d.splits)) + 1 }

// done keeps what reading a split to its end told.
func (d *Dataset) done(s *split, key string, rows, zeros int64, sum []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.rows = rows
	sums := d.sums[key]
	if sums == nil {
		sums = make([][]byte, len(d.splits))
		d.sums[key] = sums
	}
	if sums[s.at] == nil {
		d.zeros += zeros
	}
	sums[s.at] = sum
}

// Open implements source.Split. Nothing is asked of the server before the first Next.
func (s *split) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	return newReader(ctx, s, want)
}

// Stats implements source.Split. The ranges bound the key; times are asked of the server when
// somebody wants to know, all ranges at once; of 64-bit integers without sign the limits of the whole table say whether they
// can be read as signed ones.
func (s *split) Stats(col int) (source.Stats, bool) {
	d := s.d
	c := &d.t.cols[col]
	if col == d.t.keyCol && d.t.key != "" && s.keys != whole {
		return source.Stats{MinI64: s.keys.lo, MaxI64: s.keys.hi, Nulls: 0}, true
	}
	kind := frame.KindOf(c.typ)
	if kind != frame.Time && kind != frame.Date && c.how != asUint || c.how == asLayout {
		return source.Stats{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	list, ok := d.stats[col]
	if !ok {
		list = d.askStats(col)
		d.stats[col] = list
	}
	if list == nil {
		return source.Stats{}, false
	}
	return list[s.at], true
}

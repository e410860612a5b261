package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// probe finds out whether the server really takes LOAD DATA LOCAL: a proxy may refuse what the
// server allows.
func (s *Store) probe(ctx context.Context) error {
	if !s.back.bulk() {
		return nil
	}
	err := s.transact(ctx, "trying LOAD DATA LOCAL", func(ctx context.Context, tx *sql.Tx) error {
		_, err := sqldb.LoadLocal(ctx, tx, "line_store", lineColumns(), strings.NewReader(""))
		return err
	})
	if sqldb.IsNoLocalInfile(err) {
		s.back = mysqlBackend{}
		return nil
	}
	return err
}

// load reads the inputs in order and stores their rows chunk by chunk: one goroutine reads and
// cleans, the caller's stores. The reader is ahead by some chunks, so that early, if there is any, has time.
func (im *importer) load(outer context.Context, early *early) error {
	ctx, stop := context.WithCancel(outer)
	defer stop()
	ahead := 1
	if early != nil {
		ahead = max(1, min(maxAhead, int(im.o.Memory/8/chunkBytes)))
	}
	chunks := make(chan *chunk, ahead)
	var failed error
	go func() {
		defer close(chunks)
		if failed = im.read(ctx, chunks); failed == nil {
			early.counted()
		}
	}()
	var err error
	for c := range chunks {
		if err == nil {
			if err = im.store(ctx, c); err != nil {
				stop()
			}
		}
	}
	if err == nil {
		err = failed
	}
	if err == nil {
		err = outer.Err()
	}
	return err
}

// maxAhead bounds the chunks that wait.
const maxAhead = 8

// reading is the state of the goroutine that reads.
type reading struct {
	*importer
	w     *relation.Worker
	names []string // of the source's columns
	// columns are those of the stored lines
	columns []string
	bulk    bool
	rows    int // of a chunk
	out     chan<- *chunk
	c       *chunk
	f       *file
	base    int64 // rows of the file before the split

	scratch, key []byte
	lastCode     string
}

// read sends the chunks of all files that are not done. A panic below becomes an error.
func (im *importer) read(ctx context.Context, out chan<- *chunk) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "importing: %v\n%s", p, debug.Stack())
		}
	}()
	r := &reading{importer: im, columns: im.bound.lineColumns(), w: im.prog.NewWorker(), bulk: im.back.bulk(), rows: im.o.ChunkRows, out: out, scratch: make([]byte, 0, 256), key: make([]byte, 0, 1024)}
	if r.rows <= 0 {
		r.rows = argsRows
		if r.bulk {
			r.rows = chunkRows
		}
	}
	for _, f := range im.rel.Fact.Schema().Fields() {
		r.names = append(r.names, f.Name)
	}
	splits := im.rel.Fact.Splits()
	if im.o.Progress != nil {
		var total int64
		for _, s := range splits {
			total += s.Bytes()
		}
		im.o.Progress.Start("importing", total)
		defer im.o.Progress.Done()
	}
	for i, s := range splits {
		f := im.files[s.File()]
		last := i+1 == len(splits) || splits[i+1].File() != s.File()
		if !f.done {
			if r.f != f {
				r.f, r.base = f, 0
				r.lastCode = ""
				r.c = &chunk{file: s.File(), from: f.position, to: f.position, acc: f.report.Account, money: f.money, columns: r.columns}
			}
			if err := r.split(ctx, i, last); err != nil {
				return err
			}
		}
		if im.o.Progress != nil {
			im.o.Progress.Add(s.Bytes())
		}
	}
	return nil
}

// split reads one split.
func (r *reading) split(ctx context.Context, i int, last bool) (err error) {
	s := r.rel.Fact.Splits()[i]
	if rows := s.Rows(); rows >= 0 && r.base+rows <= r.f.position && !last {
		r.base += rows // stored before; the number of its rows is certain
		return nil
	}
	in, err := s.Open(ctx, r.prog.Wants())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	r.w.Split(i)
	end := int64(0)
	var b frame.Batch
	for {
		if err := in.Next(&b); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		rows, err := r.w.Apply(&b)
		if err != nil {
			return err
		}
		if end, err = r.batch(ctx, rows); err != nil {
			return err
		}
		if r.c.full(r.rows) {
			if err := r.send(ctx, false); err != nil {
				return err
			}
		}
	}
	r.base += max(end, s.Rows())
	if last {
		r.c.to = max(r.c.to, r.base)
		return r.send(ctx, true)
	}
	return nil
}

// send hands the chunk over and begins the next one.
func (r *reading) send(ctx context.Context, last bool) error {
	r.c.last = last
	next := &chunk{file: r.c.file, from: r.c.to, to: r.c.to, acc: r.c.acc, money: r.c.money, columns: r.columns}
	next.text = make([]byte, 0, len(r.c.text)+len(r.c.text)/32)
	select {
	case r.out <- r.c:
		r.c = next
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// batch adds the rows of a batch, in the order of the file, that are not stored yet. It returns the
// position behind the batch within its split.
func (r *reading) batch(ctx context.Context, rows *relation.Rows) (end int64, err error) {
	raw := rows.Raw
	bad := raw.Bad
	for i := range rows.N {
		at := raw.RowAt(i)
		for len(bad) > 0 && bad[0].Row < at {
			if err := r.bad(&bad[0]); err != nil {
				return 0, err
			}
			bad = bad[1:]
		}
		if err := r.row(rows, i, r.base+at+1); err != nil {
			return 0, err
		}
		end = at + 1
		if r.c.size >= chunkBytes { // wide rows: not even a batch of them is kept
			r.c.to = max(r.c.to, r.base+end)
			if err := r.send(ctx, false); err != nil {
				return 0, err
			}
		}
	}
	for i := range bad {
		if err := r.bad(&bad[i]); err != nil {
			return 0, err
		}
		end = bad[i].Row + 1
	}
	r.c.to = max(r.c.to, r.base+end)
	return end, nil
}

// row adds one row.
func (r *reading) row(rows *relation.Rows, i int, no int64) error {
	if no <= r.f.position {
		return nil
	}
	kind, reason := rows.Kind[i], ""
	if kind == relation.Reject {
		reason = r.prog.Reasons[rows.Reason[i]].Name
	}
	if kind == relation.Sold || kind == relation.Reversal {
		if reason = r.bound.unfit(rows, i); reason != "" {
			kind = relation.Reject
		}
	}
	money := int64(0)
	if !rows.MoneyNull(i) {
		money = rows.Money[i]
	}
	if !r.c.acc.add(kind, money, !rows.MoneyNull(i)) {
		return fault.New(fault.Input, "%s: row %d: the sum of the money of the %s rows passes 64 bits", r.f.uri, no, kind).WithHint("look for absurd prices: ecomctl profile")
	}
	switch kind {
	case relation.Sold, relation.Reversal:
		r.currency(rows, i)
		r.c.addLine(r.bulk, r.f.id, no, rows, &r.bound, i)
		if r.totals != nil {
			r.totals.add(r.c.file, rows, &r.bound, i, r.key[:0])
		}
	case relation.Reject:
		text, err := rawRow(r.prog, r.names, rows, i)
		if err != nil {
			return fault.New(fault.Internal, "%s: row %d: %w", r.f.uri, no, err)
		}
		r.c.addReject(r.f.id, no, reason, text)
	}
	return nil
}

// currency notes in which currency a line is.
func (r *reading) currency(rows *relation.Rows, i int) {
	at := r.bound.at[currencyColumn]
	if at < 0 || rows.Cols[at].IsNull(i) {
		return
	}
	code := string(columns[currencyColumn].appendValue(r.scratch[:0], rows.Cols[at], i))
	if r.bound.converted != "" {
		code = r.bound.converted
	}
	if code == r.lastCode || len(r.c.money) > 200 { // so many are refused anyway
		return
	}
	r.lastCode = code
	list := strings.Fields(r.c.money)
	if code = strings.Join(strings.Fields(code), "_"); code != "" && !slices.Contains(list, code) {
		r.c.money = strings.Join(append(list, cut(code, 20)), " ")
	}
}

// bad adds a row that could not be cut into columns.
func (r *reading) bad(b *frame.BadRow) error {
	no := r.base + b.Row + 1
	if no <= r.f.position {
		return nil
	}
	r.c.acc.add(relation.Reject, 0, false)
	text, err := rawText(b.Raw)
	if err != nil {
		return fault.New(fault.Internal, "%s: row %d: %w", r.f.uri, no, err)
	}
	r.c.addReject(r.f.id, no, relation.ReasonUnparsable+": "+b.Reason, text)
	return nil
}

// count reads a file without storing it.
func (im *importer) count(ctx context.Context, f *file) (Account, error) {
	out := make(chan *chunk, 1)
	one := *im
	one.totals = nil
	one.files = make([]*file, len(im.files))
	for i, other := range im.files {
		one.files[i] = &file{done: true}
		if other == f {
			one.files[i] = &file{uri: f.uri}
		}
	}
	one.o.Progress = nil
	var err error
	go func() {
		defer close(out)
		err = one.read(ctx, out)
	}()
	var acc Account
	for c := range out {
		acc = c.acc
	}
	return acc, err
}

// store commits a chunk with the position behind it.
func (im *importer) store(ctx context.Context, c *chunk) error {
	f := im.files[c.file]
	if err := c.acc.check(); err != nil {
		return err
	}
	err := im.transact(ctx, "storing rows of "+f.uri, func(ctx context.Context, tx *sql.Tx) error {
		var position int64
		err := tx.QueryRowContext(ctx, "SELECT position FROM imports WHERE id = ? AND state = 'loading'"+im.back.forUpdate(), f.id).Scan(&position)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && position != c.from && position != c.to:
			return fault.New(fault.Locked, "%s: another ecomctl imports %s", im.DB.URL, f.uri).WithHint("wait until it has finished")
		case err != nil:
			return err
		case position == c.to && c.to > c.from:
			return nil // the commit was done, only its answer was lost
		}
		if err := im.back.insertLines(ctx, tx, c); err != nil {
			return err
		}
		if err := insertRows(ctx, tx, im.DB.Dialect, "rejects", []string{"import_id", "row_no", "reason", "raw"}, c.rejects); err != nil {
			return err
		}
		args := append([]any{c.to, c.money}, c.acc.values()...)
		_, err = tx.ExecContext(ctx, "UPDATE imports SET position = ?, currencies = ?, "+strings.Join(accountColumns, " = ?, ")+" = ? WHERE id = ?", append(args, f.id)...)
		return err
	})
	if err == nil {
		f.position, f.report.Account = c.to, c.acc
	}
	return err
}

package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// PruneReport tells what a prune took away, or would.
type PruneReport struct {
	Before string `json:"before"`
	Backup string `json:"backup"`
	Done   bool   `json:"done"`
	Lines  int64  `json:"lines"`
	Money  int64  `json:"money_e4"`
	First  string `json:"first"` // time of the oldest line that goes; "" when none does
	Last   string `json:"last"`
}

// LastBackup returns the file of the last verified backup.
func (s *Store) LastBackup(ctx context.Context) (string, error) {
	var detail string
	err := s.ask(ctx, "looking for a backup", []any{&detail}, "SELECT detail FROM runs WHERE command = 'db backup' AND state = 'done' ORDER BY id DESC LIMIT 1")
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.Usage, "%s: there is no verified backup", s.DB.URL).WithHint("make one first: ecomctl db backup -o FILE")
	}
	if err != nil {
		return "", err
	}
	var r BackupReport
	if err := json.Unmarshal([]byte(detail), &r); err != nil || r.File == "" {
		return "", fault.New(fault.Input, "%s: the record of the last backup cannot be read", s.DB.URL).WithHint("name the backup with --backup FILE")
	}
	return r.File, nil
}

// Prune removes the lines before a day (wall time, as 2006-01-02) that a backup holds, every one
// compared, and makes the aggregates follow. Unless yes is set it only tells.
func (s *Store) Prune(ctx context.Context, fsys vfs.FS, backup, before string, yes bool) (*PruneReport, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	unlock, err := s.back.lock(ctx, s.DB, "import")
	if err != nil {
		return nil, err
	}
	defer unlock()
	r := &PruneReport{Before: before, Backup: backup}
	if !yes {
		return r, s.prune(ctx, fsys, r, false)
	}
	run, err := s.begin(ctx, "db prune")
	if err != nil {
		return nil, err
	}
	err = s.prune(ctx, fsys, r, true)
	return r, errors.Join(err, s.end(ctx, run, err, r))
}

func (s *Store) prune(ctx context.Context, fsys vfs.FS, r *PruneReport, yes bool) error {
	b, err := openBackup(ctx, fsys, r.Backup)
	if err != nil {
		return err
	}
	defer b.close()
	lines := &tables[slices.IndexFunc(tables, func(t table) bool { return t.name == "line_store" })]
	kept, err := b.linesBefore(lines, r.Before)
	if err != nil {
		return err
	}
	return s.transact(ctx, "pruning", func(ctx context.Context, tx *sql.Tx) error {
		var money sql.NullInt64
		var first, last sql.NullString
		err := tx.QueryRowContext(ctx, "SELECT COUNT(*), SUM(money_e4), MIN(order_ts), MAX(order_ts) FROM line_store WHERE order_ts < ? AND "+ofLive, r.Before).Scan(&r.Lines, &money, &first, &last)
		if err != nil || r.Lines == 0 {
			return err
		}
		r.Money, r.First, r.Last = money.Int64, first.String, last.String
		have, err := dump(ctx, tx, lines, "order_ts < ?", []any{r.Before}, io.Discard)
		if err != nil {
			return err
		}
		if have != kept {
			return fault.New(fault.Data, "%s holds %d lines before %s, the database %d, or they differ: nothing is removed", r.Backup, kept.Rows, r.Before, have.Rows).
				WithHint("make a new backup: ecomctl db backup -o FILE")
		}
		if !yes {
			return nil
		}
		r.Done = true
		if err := s.takeLines(ctx, tx, "order_ts < ? AND "+ofLive, r.Before); err != nil {
			return err
		}
		live, err := liveImports(ctx, tx)
		if err != nil {
			return err
		}
		return s.deriveAnew(ctx, tx, live)
	})
}

// takeLines takes the lines of a condition away, from one import after the other, and notes in its record that they are gone.
func (s *Store) takeLines(ctx context.Context, tx *sql.Tx, where string, arg any) error {
	type part struct{ id, lines, money int64 }
	var parts []part
	rows, err := tx.QueryContext(ctx, "SELECT import_id, COUNT(*), COALESCE(SUM(money_e4), 0) FROM line_store WHERE "+where+" GROUP BY import_id", arg)
	if err != nil {
		return err
	}
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.id, &p.lines, &p.money); err != nil {
			return errors.Join(err, rows.Close())
		}
		parts = append(parts, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := tx.ExecContext(ctx, "DELETE FROM line_store WHERE import_id = ? AND "+where, p.id, arg); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE imports SET pruned = pruned + ?, pruned_e4 = pruned_e4 + ? WHERE id = ?", p.lines, p.money, p.id); err != nil {
			return err
		}
	}
	return nil
}

// linesBefore digests the lines of a backup before a day, having read all of them.
func (b *backupFile) linesBefore(t *table, before string) (e extent, err error) {
	r, err := b.open(t)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	ts := slices.Index(t.columns, "order_ts")
	h := sha256.New()
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 1<<16), maxLine)
	for in.Scan() {
		line := in.Bytes()
		field := line
		for range ts {
			_, field, _ = bytes.Cut(field, []byte{'\t'})
		}
		field, _, _ = bytes.Cut(field, []byte{'\t'})
		if string(field) == `\N` || string(field) >= before {
			continue
		}
		h.Write(line)
		h.Write([]byte{'\n'})
		e.Rows++
	}
	e.Digest = hex.EncodeToString(h.Sum(nil))
	return e, in.Err()
}

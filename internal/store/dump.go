package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// table is a table of the store as backups hold it.
type table struct {
	name    string
	columns []string
	order   string // its key
	where   string // rows that a backup holds
}

const ofLive = "import_id IN (SELECT id FROM imports WHERE state = 'live')"

// tables are all tables with rows of users, in an order in which they can be filled.
var tables = []table{
	{"imports", append([]string{"id", "source", "digest", "bytes", "settings", "identity", "state", "position", "pruned", "pruned_e4", "pruned_rejects", "tz", "currencies", "started_at", "finished_at"}, accountColumns...), "id", "state = 'live'"},
	{"line_store", lineColumns(), "import_id, row_no", ofLive},
	{"rejects", []string{"import_id", "row_no", "reason", "raw"}, "import_id, row_no", ofLive},
	{"orders", []string{"order_id", "order_ts", "customer_id", "sold_lines", "units", "revenue_e4", "reversals", "reversals_e4"}, "order_id", ""},
	{"customers", []string{"customer_id", "first_order", "last_order", "orders", "sold_lines", "units", "revenue_e4"}, "customer_id", ""},
	{"products", []string{"product_id", "product_name", "category", "first_sold", "last_sold", "sold_lines", "units", "revenue_e4"}, "product_id", ""},
	{"daily", []string{"day", "revenue_e4", "orders", "units", "customers", "sold_lines", "reversals", "reversals_e4"}, "day", ""},
	{"runs", []string{"id", "command", "started_at", "finished_at", "state", "detail"}, "id", "state <> 'running'"},
	{"results", []string{"run_id", "name", "params", "body", "created_at"}, "run_id, name", "run_id IN (SELECT id FROM runs WHERE state <> 'running')"},
}

// snapshot runs fn on one connection that sees the database as it is now, whatever others write.
func (s *Store) snapshot(ctx context.Context, doing string, fn func(conn *sql.Conn) error) error {
	return s.DB.Retry(ctx, doing, func(ctx context.Context) error {
		conn, err := s.DB.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // back to the pool
		begin := "BEGIN"
		if s.DB.Dialect == sqldb.MySQL {
			begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
		}
		if _, err := conn.ExecContext(ctx, begin); err != nil {
			return err
		}
		err = fn(conn)
		if _, end := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err == nil {
			err = end
		}
		return err
	})
}

// querier is a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// extent is what a written table holds.
type extent struct {
	Rows   int64  `json:"rows"`
	Digest string `json:"sha256"` // of its rows as they are written
}

// dump writes rows of a table, in the order of its key, as text: fields between tabs, \N for null,
// the same bytes from every database.
func dump(ctx context.Context, q querier, t *table, and string, args []any, w io.Writer) (e extent, err error) {
	h := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, h), 1<<16)
	query := "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name
	for i, cond := range []string{t.where, and} {
		if cond != "" {
			query += map[bool]string{true: " WHERE ", false: " AND "}[i == 0 || t.where == ""] + cond
		}
	}
	rows, err := q.QueryContext(ctx, query+" ORDER BY "+t.order, args...)
	if err != nil {
		return e, err
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	cells, at := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range cells {
		at[i] = &cells[i]
	}
	var line []byte
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return e, err
		}
		line = line[:0]
		for i, c := range cells {
			if i > 0 {
				line = append(line, '\t')
			}
			line = appendCell(line, c)
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return e, err
		}
		e.Rows++
	}
	if err := rows.Err(); err != nil {
		return e, err
	}
	if err := out.Flush(); err != nil {
		return e, err
	}
	e.Digest = hex.EncodeToString(h.Sum(nil))
	return e, nil
}

// appendCell writes a value of a driver.
func appendCell(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return sqldb.AppendNull(b)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return appendFloat(b, v)
	case []byte:
		return sqldb.AppendField(b, v)
	case string:
		return sqldb.AppendField(b, v)
	}
	return sqldb.AppendField(b, fmt.Sprint(v))
}

// fill stores written rows in an empty table.
func (s *Store) fill(ctx context.Context, tx *sql.Tx, t *table, r io.Reader) error {
	if s.back.bulk() {
		_, err := sqldb.LoadLocal(ctx, tx, t.name, t.columns, r)
		return err
	}
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 1<<16), maxLine)
	var args []any
	for n := 1; in.Scan(); n++ {
		fields, err := cutLine(in.Bytes(), len(t.columns))
		if err != nil {
			return fault.New(fault.Input, "row %d of %s: %w", n, t.name, err)
		}
		if args = append(args, fields...); len(args) >= len(t.columns)*2000 {
			if err := insertRows(ctx, tx, s.DB.Dialect, t.name, t.columns, args); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if err := in.Err(); err != nil {
		return fault.New(fault.Input, "reading %s: %w", t.name, err)
	}
	return insertRows(ctx, tx, s.DB.Dialect, t.name, t.columns, args)
}

// maxLine bounds a written row: results hold whole answers.
const maxLine = 256 << 20

// cutLine reads the fields of a written row.
func cutLine(line []byte, width int) ([]any, error) {
	out := make([]any, 0, width)
	for field := range strings.SplitSeq(string(line), "\t") {
		if field == `\N` {
			out = append(out, nil)
			continue
		}
		text, err := unescape(field)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	if len(out) != width {
		return nil, fmt.Errorf("%d fields instead of %d", len(out), width)
	}
	return out, nil
}

// unescape is the inverse of sqldb.AppendField.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i++; i == len(s) {
			return "", fmt.Errorf("a field ends with a backslash")
		}
		c, ok := map[byte]byte{'\\': '\\', 't': '\t', 'n': '\n', '0': 0}[s[i]]
		if !ok {
			return "", fmt.Errorf("a field holds \\%c", s[i])
		}
		b = append(b, c)
	}
	return string(b), nil
}

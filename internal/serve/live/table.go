package live

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// rowsRead bounds the rows that are read of a table.
const rowsRead = 50_000

// tableReader reads the table that `stream -o` writes, over one connection that stays.
type tableReader struct {
	url    *sqldb.URL
	getenv func(string) string
	db     *sqldb.DB
}

func (t *tableReader) read(ctx context.Context) (*Board, error) {
	if t.db == nil {
		db, err := sqldb.Open(ctx, t.url, sqldb.Options{Getenv: t.getenv, ReadOnly: true, MaxConns: 1, ReadTimeout: 20 * time.Second, Patience: -1})
		if err != nil {
			return nil, err
		}
		t.db = db
	}
	q := t.url.Dialect.Quote
	text := fmt.Sprintf("SELECT * FROM %[1]s WHERE %[2]s >= (SELECT MIN(w) FROM (SELECT DISTINCT %[2]s AS w FROM %[1]s ORDER BY w DESC LIMIT %[3]d) AS lately) ORDER BY %[2]s DESC LIMIT %[4]d",
		q(t.url.Table), q("window_start"), windowsShown, rowsRead)
	rows, err := t.db.QueryContext(ctx, text)
	if sqldb.IsNoTable(err) {
		return newBoard(nil, nil), nil // the first window makes it
	}
	if err != nil {
		return nil, t.db.Explain(err, "reading windows")
	}
	defer func() { _ = rows.Close() }()
	b, err := t.scan(rows)
	if err == nil {
		err = rows.Err()
	}
	return b, t.db.Explain(err, "reading windows")
}

// scan makes rows of what the database gives.
func (t *tableReader) scan(rows *sql.Rows) (*Board, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	by := dimensions(names)
	cells := make([]any, len(names))
	at := make([]any, len(names))
	for i := range cells {
		at[i] = &cells[i]
	}
	var list []Row
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return nil, err
		}
		values := map[string]*string{}
		for i, n := range names {
			values[n] = textOf(cells[i])
		}
		r, ok := rowOf(by, values)
		if !ok {
			return nil, fault.New(fault.Input, "reading %s: its rows are no windows", t.url).WithHint("name the table that `ecomctl stream -o` writes")
		}
		list = append(list, r)
	}
	return newBoard(by, list), nil
}

// textOf is a cell as text; nil where there is no value.
func textOf(v any) *string {
	var s string
	switch v := v.(type) {
	case nil:
		return nil
	case []byte:
		s = string(v)
	case string:
		s = v
	case time.Time:
		s = v.Format(time.DateTime)
	case float64: // money of SQLite: 15 digits
		s = strconv.FormatFloat(v, 'f', 4, 64)
	default:
		s = fmt.Sprint(v)
	}
	return &s
}

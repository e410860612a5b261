package table

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// window is the first column of windows.
const window = "window_start"

// make makes the table when the first rows come, or sees that the one that is there can take them.
func (t *Table) make(ctx context.Context) error {
	if t.made {
		return nil
	}
	var first *result.Table
	if len(t.wait) > 0 {
		first = t.wait[0]
	}
	return t.db.Retry(ctx, "making the table", func(ctx context.Context) error {
		have, err := t.columns(ctx)
		if sqldb.IsNoTable(err) {
			if first == nil {
				return nil // it is made when rows come
			}
			if _, err := t.db.ExecContext(ctx, t.definition(first)); err != nil {
				return err
			}
			t.made = true
			return nil
		}
		if err != nil {
			return err
		}
		if first != nil && !slices.Equal(have, first.Names()) {
			return fault.New(fault.Usage, "writing to %s: its columns are %s, and those of the windows %s", t.url, strings.Join(have, ", "), strings.Join(first.Names(), ", ")).
				WithHint("name another table, or drop this one")
		}
		t.made = first != nil || t.anew
		return nil
	})
}

// columns lists the columns of the table.
func (t *Table) columns(ctx context.Context) ([]string, error) {
	rows, err := t.db.QueryContext(ctx, "SELECT * FROM "+t.target()+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err == nil {
		err = rows.Err()
	}
	return names, err
}

// definition makes the table: its key is an index and not unique, for dimensions may be null.
func (t *Table) definition(rows *result.Table) string {
	q := t.url.Dialect.Quote
	var list, key []string
	for _, c := range rows.Columns {
		typ := t.sqlType(c.Type)
		if c.Name == "units" && c.Type == expr.Int { // quantities may turn out broken later
			typ = t.sqlType(expr.Float)
		}
		list = append(list, q(c.Name)+" "+typ)
		if c.Name == window || slices.Contains(t.dims, c.Name) {
			part := q(c.Name)
			if t.url.Dialect == sqldb.MySQL && typ == "LONGTEXT" {
				part += "(64)" // an index is at most 3072 bytes wide
			}
			key = append(key, part)
		}
	}
	head := "CREATE TABLE " + t.target() + " (" + strings.Join(list, ", ")
	if t.url.Dialect == sqldb.SQLite {
		return head + "); CREATE INDEX " + q(t.url.Table+"_key") + " ON " + t.target() + " (" + strings.Join(key, ", ") + ")"
	}
	collate := "utf8mb4_0900_bin"
	if strings.Contains(strings.ToLower(t.db.Version), "mariadb") {
		collate = "utf8mb4_nopad_bin" // no trailing space is lost in comparisons
	}
	return head + ", KEY (" + strings.Join(key, ", ") + ")) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE " + collate
}

// sqlType is the type that holds every value of a column.
func (t *Table) sqlType(typ expr.Type) string {
	lite := t.url.Dialect == sqldb.SQLite
	pick := func(sqlite, mysql string) string {
		if lite {
			return sqlite
		}
		return mysql
	}
	switch typ {
	case expr.Bool:
		return "BOOLEAN"
	case expr.Int:
		return pick("INTEGER", "BIGINT")
	case expr.Float:
		return pick("REAL", "DOUBLE")
	case expr.Money:
		return "DECIMAL(18,4)"
	case expr.Time:
		return pick("DATETIME", "DATETIME(6)")
	case expr.Date:
		return "DATE"
	}
	return pick("TEXT", "LONGTEXT")
}

// rowsAtOnce is how many rows one statement deletes or inserts.
const rowsAtOnce = 100

// write stores the rows of a window: those of the same key are replaced, at its first writing the window as a whole.
func (t *Table) write(ctx context.Context, tx *sql.Tx, rows *result.Table) error {
	q := t.url.Dialect.Quote
	if rev := rows.Col("revision"); rows.N > 0 && rev.Data.I64[0] == 0 {
		at, err := t.value(&rows.Columns[0], 0)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, t.deletion(q(window)+" = ?"), at); err != nil {
			return err
		}
	} else if err := t.remove(ctx, tx, rows); err != nil {
		return err
	}
	var args []any
	head := "INSERT INTO " + t.target() + " (" + t.url.Dialect.QuoteAll(rows.Names()) + ") VALUES "
	for from := 0; from < rows.N; from += rowsAtOnce {
		to := min(from+rowsAtOnce, rows.N)
		args = args[:0]
		for i := from; i < to; i++ {
			for c := range rows.Columns {
				v, err := t.value(&rows.Columns[c], i)
				if err != nil {
					return err
				}
				args = append(args, v)
			}
		}
		if _, err := tx.ExecContext(ctx, head+t.url.Dialect.Placeholders(len(rows.Columns), to-from), args...); err != nil {
			return err
		}
	}
	return nil
}

// deletion deletes the rows that satisfy a condition.
func (t *Table) deletion(where string) string { return "DELETE FROM " + t.target() + " WHERE " + where }

// remove deletes the rows that have the keys of others, nulls being equal.
func (t *Table) remove(ctx context.Context, tx *sql.Tx, rows *result.Table) error {
	same := " <=> ?"
	if t.url.Dialect == sqldb.SQLite {
		same = " IS ?"
	}
	key := []*result.Column{rows.Col(window)}
	one := "(" + t.url.Dialect.Quote(window) + " = ?"
	for _, d := range t.dims {
		key = append(key, rows.Col(d))
		one += " AND " + t.url.Dialect.Quote(d) + same
	}
	one += ")"
	for from := 0; from < rows.N; from += rowsAtOnce {
		to := min(from+rowsAtOnce, rows.N)
		var args []any
		for i := from; i < to; i++ {
			for _, c := range key {
				v, err := t.value(c, i)
				if err != nil {
					return err
				}
				args = append(args, v)
			}
		}
		where := strings.TrimSuffix(strings.Repeat(one+" OR ", to-from), " OR ")
		if _, err := tx.ExecContext(ctx, t.deletion(where), args...); err != nil {
			return err
		}
	}
	return nil
}

// exactDouble is up to where doubles hold every integer, and 15 digits of a decimal.
const (
	exactDouble = 1 << 53
	exactMoney  = int64(1e15)
	moneyScale  = 1e4
)

// value is a cell as the database takes it.
func (t *Table) value(c *result.Column, i int) (any, error) {
	d := &c.Data
	if d.IsNull(i) {
		return nil, nil
	}
	lite := t.url.Dialect == sqldb.SQLite
	switch {
	case c.Type == expr.Time:
		at := time.UnixMicro(d.I64[i]).UTC()
		if y := at.Year(); y < 1 || y > 9999 {
			return nil, t.misfit(c, "a time of the year "+strconv.Itoa(y))
		}
		return at.Format("2006-01-02 15:04:05.999999"), nil
	case c.Type == expr.Date:
		at := time.Unix(d.I64[i]*86400, 0).UTC()
		if y := at.Year(); y < 1 || y > 9999 {
			return nil, t.misfit(c, "a date of the year "+strconv.Itoa(y))
		}
		return at.Format(time.DateOnly), nil
	case c.Type == expr.Money && lite:
		if v := d.I64[i]; v >= exactMoney || v <= -exactMoney {
			return nil, t.misfit(c, "money of more than the 15 digits that SQLite keeps of a decimal")
		}
		return float64(d.I64[i]) / moneyScale, nil
	case c.Type == expr.Money:
		return money(d.I64[i]), nil
	case d.Kind == frame.Float:
		return d.F64[i], nil
	case d.Kind == frame.String:
		return string(d.Str(i)), nil
	}
	if c.Name == "units" && (d.I64[i] > exactDouble || d.I64[i] < -exactDouble) {
		return nil, t.misfit(c, "a sum beyond what doubles hold exactly")
	}
	return d.I64[i], nil
}

func (t *Table) misfit(c *result.Column, what string) error {
	return fault.New(fault.Data, "writing to %s: column %q: %s", t.url, c.Name, what).WithHint("write to a file; a rule in ecomctl.yaml can reject absurd values")
}

// money writes 10⁻⁴ units as a decimal.
func money(v int64) string {
	neg, u := v < 0, uint64(v)
	if neg {
		u = -u
	}
	s := strconv.FormatUint(u/moneyScale, 10) + "." + strconv.FormatUint(moneyScale+u%moneyScale, 10)[1:]
	if neg {
		s = "-" + s
	}
	return s
}

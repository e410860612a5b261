package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/engine/flink"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// makeFlinkTable makes the table of the windows, which Flink does not, or sees that the one that is there has the
// columns and the primary key by which Flink puts rows in the place of earlier ones.
func (o *streamFlags) makeFlinkTable(ctx context.Context, u *sqldb.URL, spec *flink.Spec) error {
	db, err := sqldb.Open(ctx, u, sqldb.Options{Getenv: o.app.Getenv, MaxConns: 1})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	collate := "utf8mb4_0900_bin"
	if strings.Contains(strings.ToLower(db.Version), "mariadb") {
		collate = "utf8mb4_nopad_bin" // no trailing space is lost in comparisons
	}
	q := u.Dialect.Quote
	names := []string{"window_start", "window_end"}
	list := []string{q("window_start") + " DATETIME(6) NOT NULL", q("window_end") + " DATETIME(6)"}
	add := func(name, typ string) {
		names, list = append(names, name), append(list, q(name)+" "+typ)
	}
	for _, d := range spec.Query.Dims {
		i := spec.Relation.Find(d.Column)
		if i < 0 {
			return fault.New(fault.Internal, "the dimension %s is no column", d.Column)
		}
		add(d.Name, map[expr.Type]string{expr.Text: "LONGTEXT", expr.Int: "BIGINT", expr.Bool: "BOOLEAN"}[spec.Relation.Columns[i].Type])
	}
	for _, m := range [][2]string{{"revenue", "DECIMAL(18,4)"}, {"orders", "BIGINT"}, {"units", "DOUBLE"}, {"customers", "BIGINT"}, {"revision", "BIGINT"}} {
		add(m[0], m[1])
	}
	key := []string{"window_start"}
	if len(spec.Query.Dims) > 0 {
		add(flink.RowKey, "CHAR(64) CHARACTER SET ascii NOT NULL")
		key = append(key, flink.RowKey)
	}
	err = db.Retry(ctx, "making the table", func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+q(u.Table)+" ("+strings.Join(list, ", ")+", PRIMARY KEY ("+u.Dialect.QuoteAll(key)+")) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE "+collate)
		return err
	})
	if err != nil {
		return err
	}
	have, err := queryNames(ctx, db, "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position", u.Table)
	if err != nil {
		return err
	}
	primary, err := queryNames(ctx, db, "SELECT column_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index", u.Table)
	if err != nil {
		return err
	}
	switch {
	case !slices.Equal(have, names):
		return fault.New(fault.Usage, "writing to %s: its columns are %s, and those of the windows %s", u, strings.Join(have, ", "), strings.Join(names, ", ")).WithHint("name another table, or drop this one")
	case !slices.Equal(primary, key):
		return fault.New(fault.Usage, "writing to %s: its primary key is (%s); Flink puts rows in the place of earlier ones by (%s)", u, strings.Join(primary, ", "), strings.Join(key, ", ")).
			WithHint("name another table, or drop this one")
	}
	return nil
}

// queryNames lists names.
func queryNames(ctx context.Context, db *sqldb.DB, q string, args ...any) (out []string, err error) {
	err = db.Retry(ctx, "looking at the table", func(ctx context.Context) error {
		out = nil
		rows, err := db.QueryContext(ctx, q, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	return out, err
}

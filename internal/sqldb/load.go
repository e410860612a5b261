package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Execer runs statements on one connection: *sql.Tx or *sql.Conn. A *sql.DB would not do, for
// warnings belong to a connection.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

var loads atomic.Int64

// LoadLocal sends rows to a table by LOAD DATA LOCAL (MySQL): text rows as the Append functions
// write them. Servers store what they can of a bad row and only warn: every warning is an error here, so run
// it in a transaction and roll back. An error of r means that nothing may be committed, too.
func LoadLocal(ctx context.Context, tx Execer, table string, columns []string, r io.Reader) (rows int64, err error) {
	name := "ecomctl-" + strconv.FormatInt(loads.Add(1), 10)
	mysql.RegisterReaderHandler(name, func() io.Reader { return r })
	defer mysql.DeregisterReaderHandler(name)
	res, err := tx.ExecContext(ctx, `LOAD DATA LOCAL INFILE 'Reader::`+name+`' INTO TABLE `+MySQL.Quote(table)+
		` CHARACTER SET binary FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (`+MySQL.QuoteAll(columns)+`)`)
	if err != nil {
		return 0, err
	}
	if err := noWarnings(ctx, tx, table); err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// noWarnings fails when the last statement of the connection warned.
func noWarnings(ctx context.Context, tx Execer, table string) (err error) {
	rows, err := tx.QueryContext(ctx, "SHOW WARNINGS LIMIT 5")
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	var list []string
	for rows.Next() {
		var level, message string
		var code int
		if err := rows.Scan(&level, &code, &message); err != nil {
			return err
		}
		list = append(list, fmt.Sprintf("%s (%d)", message, code))
	}
	if err := rows.Err(); err != nil || len(list) == 0 {
		return err
	}
	return fault.New(fault.Data, "loading into %s: the server would have changed values: %s", table, strings.Join(list, "; ")).
		WithHint("nothing was stored; look for the values named")
}

// AppendNull appends a null field of a row for LoadLocal. Fields are separated by '\t', rows end with '\n'.
func AppendNull(b []byte) []byte { return append(b, '\\', 'N') }

// AppendField appends a text or binary field of a row for LoadLocal; bytes that have a meaning are escaped.
func AppendField[T string | []byte](b []byte, s T) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		var c byte
		switch s[i] {
		case '\\':
			c = '\\'
		case '\t':
			c = 't'
		case '\n':
			c = 'n'
		case 0:
			c = '0'
		default:
			continue
		}
		b = append(b, s[start:i]...)
		b = append(b, '\\', c)
		start = i + 1
	}
	return append(b, s[start:]...)
}

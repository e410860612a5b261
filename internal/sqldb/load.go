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
	return Load{Table: MySQL.Quote(table), Columns: columns}.Send(ctx, tx, r)
}

// Load is what LOAD DATA LOCAL does with rows.
type Load struct {
	Table   string   // quoted
	Columns []string // in the order of the fields
	// Text says that fields are UTF-8, which the server converts into the character sets of the columns; else their
	// bytes are stored as they are.
	Text bool
	// Hex reports columns whose fields are hexadecimal digits of their bytes; nil is none.
	Hex func(column int) bool
}

// Send is LoadLocal for rows of l.
func (l Load) Send(ctx context.Context, tx Execer, r io.Reader) (rows int64, err error) {
	name := "ecomctl-" + strconv.FormatInt(loads.Add(1), 10)
	mysql.RegisterReaderHandler(name, func() io.Reader { return r })
	defer mysql.DeregisterReaderHandler(name)
	res, err := tx.ExecContext(ctx, l.statement(name))
	if err != nil {
		return 0, err
	}
	if err := noWarnings(ctx, tx, l.Table); err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (l Load) statement(reader string) string {
	charset, set := "binary", ""
	if l.Text {
		charset = "utf8mb4"
	}
	list := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		list[i] = MySQL.Quote(c)
		if l.Hex != nil && l.Hex(i) {
			value := "@ecomctl" + strconv.Itoa(i)
			set += map[bool]string{true: " SET ", false: ", "}[set == ""] + list[i] + " = UNHEX(" + value + ")"
			list[i] = value
		}
	}
	return `LOAD DATA LOCAL INFILE 'Reader::` + reader + `' INTO TABLE ` + l.Table + ` CHARACTER SET ` + charset +
		` FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (` + strings.Join(list, ", ") + `)` + set
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
		WithHint("the value does not fit the column's type; nothing was stored")
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

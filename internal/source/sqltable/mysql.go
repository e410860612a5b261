package sqltable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// describeMySQL asks the information schema.
func (t *table) describeMySQL(ctx context.Context, db *sqldb.DB) error {
	var engine sql.NullString
	var size sql.NullInt64
	err := db.QueryRowContext(ctx, "SELECT table_type, engine, data_length FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
		db.URL.Table).Scan(&t.kind, &engine, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return noTable(db)
	}
	if err != nil {
		return err
	}
	t.engine, t.bytes = engine.String, size.Int64
	t.keeps = strings.EqualFold(t.engine, "InnoDB") || t.engine == ""
	rows, err := db.QueryContext(ctx, `SELECT column_name, LOWER(data_type), LOWER(column_type), is_nullable = 'YES', COALESCE(numeric_precision, 0), COALESCE(numeric_scale, 0),
			UPPER(extra) LIKE '%INVISIBLE%'
		FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`, db.URL.Table)
	if err != nil {
		return err
	}
	defer rows.Close()
	var hidden []column // a key may be one of them
	for rows.Next() {
		var c column
		var kind string
		var precision, scale int32
		var invisible bool
		if err := rows.Scan(&c.name, &kind, &c.declared, &c.nullable, &precision, &scale, &invisible); err != nil {
			return err
		}
		c.sel = sqldb.MySQL.Quote(c.name)
		c.mysqlType(kind, precision, scale)
		if invisible {
			hidden = append(hidden, c)
		} else {
			t.cols = append(t.cols, c)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if t.engine == "" {
		t.view = true
		t.notices = append(t.notices, "a view has no key of its own: one connection reads it, in the order in which the server gives the rows")
		return nil
	}
	return t.mysqlKey(ctx, db, hidden)
}

var signed = map[string]arrow.DataType{"tinyint": arrow.PrimitiveTypes.Int8, "smallint": arrow.PrimitiveTypes.Int16, "mediumint": arrow.PrimitiveTypes.Int32,
	"int": arrow.PrimitiveTypes.Int32, "integer": arrow.PrimitiveTypes.Int32, "bigint": arrow.PrimitiveTypes.Int64}

var unsigned = map[string]arrow.DataType{"tinyint": arrow.PrimitiveTypes.Uint8, "smallint": arrow.PrimitiveTypes.Uint16, "mediumint": arrow.PrimitiveTypes.Uint32,
	"int": arrow.PrimitiveTypes.Uint32, "integer": arrow.PrimitiveTypes.Uint32, "bigint": arrow.PrimitiveTypes.Uint64}

func (c *column) set(t arrow.DataType, h how) { c.typ, c.how = t, h }

// mysqlType maps a type of MySQL or MariaDB.
func (c *column) mysqlType(kind string, precision, scale int32) {
	switch kind {
	case "tinyint", "smallint", "mediumint", "int", "integer", "bigint":
		c.set(signed[kind], asInt)
		// zerofill implies unsigned
		if strings.Contains(c.declared, "unsigned") || strings.Contains(c.declared, "zerofill") {
			c.set(unsigned[kind], asInt)
			if kind == "bigint" {
				c.how = asUint
			}
		}
		c.perhaps = c.declared == "tinyint(1)" // what BOOL is stored as
	case "year":
		c.set(arrow.PrimitiveTypes.Int16, asInt)
	case "bit":
		c.set(arrow.PrimitiveTypes.Uint64, asBit)
		if precision < 64 {
			c.typ = arrow.PrimitiveTypes.Int64
		}
		if c.bits = precision == 1; c.bits {
			c.typ = arrow.FixedWidthTypes.Boolean
		}
	case "float":
		c.set(arrow.PrimitiveTypes.Float32, asFloat)
	case "double", "real":
		c.set(arrow.PrimitiveTypes.Float64, asFloat)
	case "decimal", "numeric":
		c.set(&arrow.Decimal128Type{Precision: min(precision, maxDigits), Scale: scale}, asDecimal)
	case "date":
		c.set(arrow.FixedWidthTypes.Date32, asDate)
	case "datetime":
		c.set(wall, asTime)
	case "timestamp": // an instant: the session's clock is UTC
		c.set(zoned, asTime)
	case "time":
		c.set(arrow.FixedWidthTypes.Time64us, asClock)
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json", "uuid", "inet4", "inet6":
		c.set(arrow.BinaryTypes.String, asText)
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		c.set(arrow.BinaryTypes.Binary, asBytes)
	default: // geometry, vector and what is yet to come
		c.set(nested, asNothing)
	}
}

// mysqlKey finds the primary key, or the first unique key without nulls, which InnoDB stores
// the rows by.
func (t *table) mysqlKey(ctx context.Context, db *sqldb.DB, hidden []column) error {
	rows, err := db.QueryContext(ctx, `SELECT index_name, column_name, COALESCE(nullable, '') = 'YES', sub_part IS NOT NULL
		FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0
		ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index`, db.URL.Table)
	if err != nil {
		return err
	}
	defer rows.Close()
	index, sound := "", false
	var cols []string
	for rows.Next() {
		var name string
		var col sql.NullString
		var nullable, part bool
		if err := rows.Scan(&name, &col, &nullable, &part); err != nil {
			return err
		}
		if name != index {
			if sound {
				break
			}
			index, sound, cols = name, true, nil
		}
		sound = sound && col.Valid && !nullable && !part
		cols = append(cols, col.String)
	}
	if err := rows.Err(); err != nil || !sound {
		return err
	}
	for _, c := range cols {
		t.order = append(t.order, db.Dialect.Quote(c))
	}
	t.hint = " FORCE INDEX (" + db.Dialect.Quote(index) + ")"
	for i, c := range slices.Concat(t.cols, hidden) {
		if c.name != cols[0] || c.how != asInt && c.how != asUint || c.perhaps {
			continue
		}
		if t.key = t.order[0]; i < len(t.cols) {
			t.keyCol = i
		}
	}
	return nil
}

// beginMySQL starts transactions that all see one state.
func (s *snapshot) beginMySQL(ctx context.Context) error {
	lock, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	conns := s.want
	if conns > 1 && !s.t.keeps {
		conns = 1
	}
	if conns > 1 {
		if err := lockMySQL(ctx, lock, s.t); err != nil {
			conns = 1
			s.notices = append(s.notices, fmt.Sprintf("one connection reads the table: the read lock that begins a common snapshot was not given (%v)", err))
		}
	}
	if !s.t.keeps {
		s.notices = append(s.notices, fmt.Sprintf("tables of the engine %s keep no snapshots: rows that change while they are read may be seen before or after", s.t.engine))
	}
	for range conns {
		c, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		s.add(c)
		for _, q := range []string{"SET SESSION net_write_timeout = 600", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
			"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"} {
			if _, err := c.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		// holds the table's definition until the end
		if _, err := c.ExecContext(ctx, "DO (SELECT 1 FROM "+s.t.name+" LIMIT 1)"); err != nil {
			return err
		}
	}
	if conns > 1 {
		if _, err := lock.ExecContext(ctx, "UNLOCK TABLES"); err != nil {
			return err
		}
	}
	return nil
}

// lockWait is how long the common snapshot waits for writers, in seconds; they wait as long for it.
const lockWait = 3

func lockMySQL(ctx context.Context, lock *sql.Conn, t *table) error {
	if _, err := lock.ExecContext(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout = %d", lockWait)); err != nil {
		return err
	}
	_, err := lock.ExecContext(ctx, "LOCK TABLES "+t.name+" READ")
	return err
}

package sqltable

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sink"
)

// mysqlJob is a writing to MySQL or MariaDB over one connection.
type mysqlJob struct {
	*job
	conn     *sql.Conn
	target   string // quoted
	staging  string // quoted; the table that is being filled
	old      string // quoted; the former table, for the moment of the swap
	exists   bool
	collate  string
	existing []have
}

// have is a column of the table that is there.
type have struct{ name, kind, full, collation string }

func (j *job) writeMySQL(ctx context.Context, fill func(sink.Writer) error) (err error) {
	m := &mysqlJob{job: j, target: j.quote(j.url.Table), collate: "utf8mb4_0900_bin"}
	if strings.Contains(strings.ToLower(j.db.Version), "mariadb") {
		m.collate = "utf8mb4_nopad_bin" // no trailing space is lost in comparisons
	}
	if m.conn, err = j.db.Conn(ctx); err != nil {
		return err
	}
	defer func() { _ = m.conn.Close() }()
	if err := m.lock(ctx); err != nil {
		return err
	}
	if err := m.look(ctx); err != nil {
		return err
	}
	mode := j.opts.Mode
	j.report.Replaced = m.exists && mode == Replace
	if !m.exists {
		mode = Replace
	}
	switch mode {
	case Append:
		return m.append(ctx, fill)
	case Upsert:
		return m.upsert(ctx, fill)
	}
	return m.replace(ctx, fill)
}

// exec runs statements one after the other.
func (m *mysqlJob) exec(ctx context.Context, statements ...string) error {
	for _, q := range statements {
		if _, err := m.conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// lock keeps other writers of the same table out until the connection ends.
func (m *mysqlJob) lock(ctx context.Context) error {
	sum := sha256.Sum256([]byte(m.url.Database + "\x00" + m.url.Table))
	id := hex.EncodeToString(sum[:12])
	m.staging, m.old = m.quote("_ecomctl_new_"+id), m.quote("_ecomctl_old_"+id)
	wait := max(1, int(m.opts.LockWait/time.Second))
	if err := m.exec(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout = %d", wait)); err != nil {
		return err
	}
	var got sql.NullBool
	if err := m.conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", "ecomctl "+id, wait).Scan(&got); err != nil {
		return err
	}
	if !got.Bool {
		return fault.New(fault.Locked, "writing to %s: another ecomctl writes to the table", m.url).WithHint("wait until it has finished")
	}
	return m.exec(ctx, "DROP TABLE IF EXISTS "+m.staging+", "+m.old) // of a writer that was killed
}

// look reads what is there and refuses what a swap would lose.
func (m *mysqlJob) look(ctx context.Context) error {
	var kind string
	var engine sql.NullString
	err := m.conn.QueryRowContext(ctx, "SELECT table_type, engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", m.url.Table).Scan(&kind, &engine)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	m.exists = true
	switch {
	case kind != "BASE TABLE" && kind != "SYSTEM VERSIONED":
		return fault.New(fault.Usage, "writing to %s: it is a %s", m.url, strings.ToLower(kind)).WithHint("name a table")
	case m.opts.Mode != Replace && !strings.EqualFold(engine.String, "InnoDB"):
		return fault.New(fault.Usage, "writing to %s: the engine %s has no transactions, so that a failure would leave half of the rows", m.url, engine.String).
			WithHint("ALTER TABLE … ENGINE=InnoDB, or use --mode replace")
	}
	if m.opts.Mode == Replace {
		if err := m.losses(ctx); err != nil {
			return err
		}
	}
	rows, err := m.conn.QueryContext(ctx, `SELECT column_name, LOWER(data_type), LOWER(column_type), COALESCE(collation_name, '') FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`, m.url.Table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var h have
		if err := rows.Scan(&h.name, &h.kind, &h.full, &h.collation); err != nil {
			return err
		}
		m.existing = append(m.existing, h)
	}
	return rows.Err()
}

// losses refuses to replace a table that triggers or other tables hang on.
func (m *mysqlJob) losses(ctx context.Context) error {
	for _, q := range []struct{ text, what string }{
		{"SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = DATABASE() AND event_object_table = ? LIMIT 1", "the trigger"},
		{"SELECT CONCAT(table_name, '.', constraint_name) FROM information_schema.key_column_usage WHERE referenced_table_schema = DATABASE() AND referenced_table_name = ? LIMIT 1", "the foreign key"},
	} {
		var name string
		err := m.conn.QueryRowContext(ctx, q.text, m.url.Table).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		return fault.New(fault.Usage, "writing to %s: %s %s would be lost with the table that is replaced", m.url, q.what, name).WithHint("use --mode append or upsert, or another table")
	}
	return nil
}

// create makes the staging table: like the one that is there when it has the same columns, so that its indexes
// stay, else anew.
func (m *mysqlJob) create(ctx context.Context, temporary bool) error {
	word := "CREATE TABLE "
	if temporary {
		word = "CREATE TEMPORARY TABLE "
	}
	switch {
	case temporary: // columns and collations of the table, so that keys compare as they do there
		list := m.url.Dialect.QuoteAll(m.names())
		return m.exec(ctx, word+m.staging+" ENGINE=InnoDB SELECT "+list+" FROM "+m.target+" LIMIT 0", "ALTER TABLE "+m.staging+" ADD COLUMN "+hit+" BOOLEAN NOT NULL DEFAULT FALSE, ADD KEY ("+m.keyParts()+")")
	case m.exists && m.alike():
		return m.exec(ctx, word+m.staging+" LIKE "+m.target)
	case m.exists:
		m.report.Notices = append(m.report.Notices, fmt.Sprintf("the columns of %s have changed: the table was made anew, without the indexes it had", m.url.Table))
	}
	keys := ""
	if len(m.opts.Keys) > 0 {
		keys = ", KEY (" + m.keyParts() + ")"
	}
	return m.exec(ctx, word+m.staging+" ("+m.definition()+keys+") ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE "+m.collate)
}

// keyParts lists the columns of the index over the key. Long texts are indexed by their beginning, for an index is
// at most 3072 bytes wide.
func (m *mysqlJob) keyParts() string {
	list := make([]string, len(m.opts.Keys))
	for i, k := range m.opts.Keys {
		list[i] = m.quote(k)
		full := ""
		if at := slices.IndexFunc(m.existing, func(h have) bool { return strings.EqualFold(h.name, k) }); at >= 0 {
			full = m.existing[at].full
		} else if at := slices.IndexFunc(m.cols, func(c column) bool { return c.name == k }); at >= 0 {
			full = strings.ToLower(m.cols[at].decl)
		}
		var n int
		if _, err := fmt.Sscanf(full[strings.IndexByte(full, '(')+1:], "%d", &n); strings.Contains(full, "char") && err == nil && n <= keyText {
			continue
		}
		if strings.Contains(full, "char") || strings.Contains(full, "text") || strings.Contains(full, "blob") || strings.Contains(full, "binary") {
			list[i] += fmt.Sprintf("(%d)", keyText)
		}
	}
	return strings.Join(list, ", ")
}

// keyText is how many characters of a text an index covers.
const keyText = 64

// alike reports whether the table that is there has exactly the columns that a new one would have.
func (m *mysqlJob) alike() bool {
	if len(m.existing) != len(m.cols) {
		return false
	}
	for i, h := range m.existing {
		if h.name != m.cols[i].name || h.full != spelled(m.cols[i].decl) || h.collation != "" && h.collation != m.collate {
			return false
		}
	}
	return true
}

// spelled is a type as the information schema of MariaDB writes it. Where a server writes it otherwise tables are made
// anew, which loses indexes and no value.
func spelled(decl string) string {
	s := strings.ToLower(strings.TrimSuffix(decl, " NULL DEFAULT NULL"))
	widths := map[string]string{"boolean": "tinyint(1)", "tinyint": "tinyint(4)", "smallint": "smallint(6)", "int": "int(11)", "bigint": "bigint(20)",
		"tinyint unsigned": "tinyint(3) unsigned", "smallint unsigned": "smallint(5) unsigned", "int unsigned": "int(10) unsigned", "bigint unsigned": "bigint(20) unsigned"}
	if w, ok := widths[s]; ok {
		return w
	}
	return s
}

// replace fills a new table and swaps it in.
func (m *mysqlJob) replace(ctx context.Context, fill func(sink.Writer) error) (err error) {
	if err := m.create(ctx, false); err != nil {
		return err
	}
	defer func() {
		if err != nil { // also after an interrupt; what a lost connection leaves the next writer drops
			clear, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_, _ = m.db.ExecContext(clear, "DROP TABLE IF EXISTS "+m.staging) // the first error counts
		}
	}()
	if err := m.load(ctx, m.staging, fill); err != nil {
		return err
	}
	if m.opts.Mode == Upsert {
		if err := m.doubled(ctx); err != nil {
			return err
		}
		m.report.Inserted = m.report.Rows
	}
	if !m.exists {
		return m.exec(ctx, "RENAME TABLE "+m.staging+" TO "+m.target)
	}
	if err := m.exec(ctx, "RENAME TABLE "+m.target+" TO "+m.old+", "+m.staging+" TO "+m.target); err != nil {
		return err
	}
	if err := m.exec(ctx, "DROP TABLE IF EXISTS "+m.old); err != nil {
		m.report.Notices = append(m.report.Notices, fmt.Sprintf("the former table is left as %s: %v", m.old, err))
	}
	return nil
}

// within runs fn in a transaction.
func (m *mysqlJob) within(ctx context.Context, fn func() error) error {
	if err := m.exec(ctx, "START TRANSACTION"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		clear, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = m.exec(clear, "ROLLBACK") // the end of the connection does the same
		return err
	}
	return m.exec(ctx, "COMMIT")
}

func (m *mysqlJob) append(ctx context.Context, fill func(sink.Writer) error) error {
	if err := m.fits(); err != nil {
		return err
	}
	return m.within(ctx, func() error { return m.fill(ctx, m.target, fill) })
}

// load fills a table that nobody else sees.
func (m *mysqlJob) load(ctx context.Context, table string, fill func(sink.Writer) error) error {
	return m.within(ctx, func() error { return m.fill(ctx, table, fill) })
}

func (m *mysqlJob) upsert(ctx context.Context, fill func(sink.Writer) error) error {
	if err := m.fits(); err != nil {
		return err
	}
	if err := m.create(ctx, true); err != nil {
		return err
	}
	if err := m.load(ctx, m.staging, fill); err != nil {
		return err
	}
	if err := m.doubled(ctx); err != nil {
		return err
	}
	list := m.url.Dialect.QuoteAll(m.names())
	var set []string
	for _, c := range m.cols {
		if !slices.Contains(m.opts.Keys, c.name) {
			set = append(set, "t."+m.quote(c.name)+" = s."+m.quote(c.name))
		}
	}
	set = append(set, "s."+hit+" = TRUE")
	return m.within(ctx, func() error {
		// one pass over the table, which may have no index over the key; each row is looked up in the rows to come
		if err := m.exec(ctx, "UPDATE "+m.target+" AS t STRAIGHT_JOIN "+m.staging+" AS s ON "+m.sameKeys("t", "s")+" SET "+strings.Join(set, ", ")); err != nil {
			return err
		}
		if err := m.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+m.staging+" WHERE "+hit).Scan(&m.report.Updated); err != nil {
			return err
		}
		m.report.Inserted = m.report.Rows - m.report.Updated
		return m.exec(ctx, "INSERT INTO "+m.target+" ("+list+") SELECT "+list+" FROM "+m.staging+" WHERE NOT "+hit)
	})
}

// hit marks the rows of the temporary table that the table has.
const hit = "_ecomctl_hit"

// doubled refuses rows of one key.
func (m *mysqlJob) doubled(ctx context.Context) error {
	keys := m.url.Dialect.QuoteAll(m.opts.Keys)
	var n int64
	err := m.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+m.staging+" GROUP BY "+keys+" HAVING COUNT(*) > 1 LIMIT 1").Scan(&n)
	return m.notDoubled(n, err)
}

func (j *job) notDoubled(n int64, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(fault.Data, "writing to %s: %d rows have the same key (%s)", j.url, n, strings.Join(j.opts.Keys, ", ")).
		WithHint("name all columns that tell rows apart: --key COLUMN,…")
}

// fits says whether the table that is there takes the columns as they are. Servers round decimals and cut dates
// without an error, so types must hold every value.
func (m *mysqlJob) fits() error {
	for i := range m.cols {
		c := &m.cols[i]
		at := slices.IndexFunc(m.existing, func(h have) bool { return strings.EqualFold(h.name, c.name) })
		if at < 0 {
			return fault.New(fault.Usage, "writing to %s: the table has no column %q", m.url, c.name).WithHint("choose columns with --columns, or replace the table with --mode replace")
		}
		if h := m.existing[at]; !holds(h, spelled(c.decl)) {
			return fault.New(fault.Usage, "writing to %s: column %q is %s there and cannot hold every %s", m.url, c.name, h.full, strings.ToLower(c.decl)).
				WithHint("alter the column, or replace the table with --mode replace")
		}
	}
	return nil
}

// holds reports whether a column of the server holds every value of a type, or fails on those it does not hold.
func holds(h have, want string) bool {
	if h.full == want {
		return true
	}
	kind, _, _ := strings.Cut(want, "(")
	kind = strings.TrimSuffix(kind, " unsigned")
	integer := func(k string) bool {
		return slices.Contains([]string{"tinyint", "smallint", "mediumint", "int", "bigint"}, k)
	}
	var p1, s1, p2, s2 int
	switch {
	case integer(kind) && integer(h.kind): // out of range is an error
		return true
	case integer(kind) && h.kind == "decimal":
		return true
	case kind == "decimal" && h.kind == "decimal":
		_, err1 := fmt.Sscanf(want, "decimal(%d,%d)", &p1, &s1)
		_, err2 := fmt.Sscanf(h.full, "decimal(%d,%d)", &p2, &s2)
		return err1 == nil && err2 == nil && s2 >= s1 // too many digits before the point are an error
	case kind == "float" && h.kind == "double":
		return true
	case kind == "date" && h.kind == "datetime":
		return true
	case kind == "datetime" || kind == "timestamp" || kind == "time":
		return h.kind == kind && strings.HasSuffix(h.full, "(6)")
	case slices.Contains([]string{"varchar", "longtext"}, kind): // too long is an error
		return slices.Contains([]string{"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum"}, h.kind)
	case kind == "varbinary" || kind == "longblob":
		return slices.Contains([]string{"varbinary", "tinyblob", "blob", "mediumblob", "longblob"}, h.kind)
	}
	return false
}

package sqlio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/sqltable"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

func openTable(t testing.TB, url string, o sqltable.Options) source.Dataset {
	t.Helper()
	d, err := sqltable.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func text(c *frame.Column, i int) string {
	switch {
	case c.IsBad(i):
		return "bad"
	case c.IsNull(i):
		return "null"
	case c.Kind == frame.String:
		return string(c.Str(i))
	case c.Kind == frame.Float:
		return strconv.FormatFloat(c.F64[i], 'g', -1, 64)
	case c.D128 != nil:
		return c.D128[i].ToString(c.Scale())
	case c.Kind == frame.Decimal:
		return fmt.Sprintf("%de-%d", c.I64[i], c.Scale())
	case c.Unsigned():
		return strconv.FormatUint(uint64(c.I64[i]), 10)
	}
	return strconv.FormatInt(c.I64[i], 10)
}

// readSplit gives the rows of a split as text, and those before an error.
func readSplit(s source.Split, cols int) (out [][]string, err error) {
	want := make([]source.Want, cols)
	for i := range want {
		want[i].Col = i
	}
	r, err := s.Open(context.Background(), want)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b frame.Batch
	for {
		if err := r.Next(&b); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return out, err
		}
		for i := range b.N {
			line := make([]string, cols)
			for c := range line {
				line[c] = text(&b.Cols[c], i)
			}
			out = append(out, line)
		}
	}
}

// types: every type of the server becomes the column that holds its values exactly.
func types(t *testing.T, s *mariadb.Server) {
	url := secret(s.Database("types"), s.Port) + "?table=t"
	db := connect(t, url)
	cols := []struct{ decl, arrow, literals, want string }{
		{"TINYINT", "int8", "-128|127", "-128|127"}, {"TINYINT UNSIGNED", "uint8", "0|255", "0|255"}, {"SMALLINT", "int16", "-32768|32767", "-32768|32767"},
		{"MEDIUMINT UNSIGNED", "uint32", "0|16777215", "0|16777215"}, {"INT", "int32", "-2147483648|2147483647", "-2147483648|2147483647"}, {"INT UNSIGNED ZEROFILL", "uint32", "7|4294967295", "7|4294967295"},
		{"BIGINT", "int64", "-9223372036854775808|9223372036854775807", "-9223372036854775808|9223372036854775807"}, {"BIGINT UNSIGNED", "uint64", "0|18446744073709551615", "0|18446744073709551615"},
		{"BOOLEAN", "bool", "TRUE|FALSE", "1|0"}, {"TINYINT(1)", "int8", "5|0", "5|0"}, {"BIT(1)", "bool", "b'1'|b'0'", "1|0"}, {"BIT(64)", "uint64", "b'101'|0xffffffffffffffff", "5|18446744073709551615"},
		{"YEAR", "int16", "1901|2155", "1901|2155"}, {"FLOAT", "float32", "0.1|16777217", "0.10000000149011612|1.6777216e+07"}, {"DOUBLE", "float64", "0.1|1.7976931348623157e308", "0.1|1.7976931348623157e+308"},
		{"DECIMAL(5,2)", "decimal(5, 2)", "-999.99|0.05", "-99999e-2|5e-2"}, {"DECIMAL(38,4)", "decimal(38, 4)", "1234567890123456789012345678901234.5678|-0.0001", "1234567890123456789012345678901234.5678|-0.0001"},
		{"DECIMAL(65,30)", "decimal(38, 30)", "1.5|12345678901.5", "1.500000000000000000000000000000|bad"},
		{"DATE", "date32", "'0001-01-01'|'9999-12-31'", "-719162|2932896"}, {"DATETIME", "timestamp[us]", "'1969-12-31 23:59:59'|'2024-02-29 12:00:00'", "-1000000|1709208000000000"},
		{"DATETIME(6)", "timestamp[us]", "'0001-01-01'|'9999-12-31 23:59:59.999999'", "-62135596800000000|253402300799999999"}, {"DATETIME(3)", "timestamp[us]", "'2024-01-01 00:00:00.5'|'2024-01-01'", "1704067200500000|1704067200000000"},
		{"TIMESTAMP(6) NULL DEFAULT NULL", "timestamp[us, tz=UTC]", "'2024-01-01 00:00:00.000001'|'2038-01-19 03:14:07'", "1704067200000001|2147483647000000"},
		{"TIME(6)", "time64[us]", "'23:59:59.999999'|'-01:00:00'", "86399999999|bad"}, {"CHAR(10)", "utf8", "'é'|''", "é|"}, {"VARCHAR(20) CHARACTER SET latin1", "utf8", "'Müller'|'€'", "Müller|€"},
		{"TEXT", "utf8", "'a\\0b'|'🛒'", "a\x00b|🛒"}, {"ENUM('x','y z')", "utf8", "'y z'|'x'", "y z|x"}, {"SET('a','b')", "utf8", "'a,b'|''", "a,b|"}, {"JSON", "utf8", "'{\"a\": 1}'|'[]'", `{"a": 1}|[]`},
		{"VARBINARY(4)", "binary", "x'00ff'|''", "\x00\xff|"}, {"BLOB", "binary", "'x'|x'80'", "x|\x80"}, {"UUID", "utf8", "'123e4567-e89b-12d3-a456-426614174000'|NULL", "123e4567-e89b-12d3-a456-426614174000|null"},
	}
	var defs, a, b, nulls []string
	for i, c := range cols {
		lit := strings.Split(c.literals, "|")
		defs = append(defs, fmt.Sprintf("c%d %s", i, c.decl))
		a, b, nulls = append(a, lit[0]), append(b, lit[1]), append(nulls, "NULL")
	}
	run(t, db, "CREATE TABLE t ("+strings.Join(defs, ",")+", g GEOMETRY) CHARACTER SET utf8mb4", "INSERT INTO t VALUES ("+strings.Join(a, ",")+", POINT(1, 2))",
		"INSERT INTO t VALUES ("+strings.Join(b, ",")+", NULL)", "INSERT INTO t VALUES ("+strings.Join(nulls, ",")+", NULL)")
	d := openTable(t, url, sqltable.Options{})
	got, err := readSplit(d.Splits()[0], len(cols))
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	for i, c := range cols {
		if have := d.Schema().Field(i).Type.String(); have != c.arrow {
			t.Errorf("%s is %s, want %s", c.decl, have, c.arrow)
		}
		if have := got[0][i] + "|" + got[1][i]; have != c.want || got[2][i] != "null" {
			t.Errorf("%s: %q and %q, want %q and null", c.decl, have, got[2][i], c.want)
		}
	}
	if n := strings.Join(d.Notices(), ";"); !strings.Contains(n, `"g" is passed over`) {
		t.Errorf("notices %q", n)
	}
	// dates of zeros, which lenient servers keep
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, q := range []string{"SET sql_mode = ''", "CREATE TABLE z (d DATE, ts DATETIME)", "INSERT INTO z VALUES ('0000-00-00', '2024-00-01 00:00:00'), ('2024-01-01', NULL)"} {
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	z := openTable(t, strings.Replace(url, "table=t", "table=z", 1), sqltable.Options{})
	lines, err := readSplit(z.Splits()[0], 2)
	if err != nil || fmt.Sprint(lines) != "[[null null] [19723 null]]" || !strings.Contains(z.Inputs()[0].Detail, "2 dates of zeros") || len(z.Notices()) < 2 {
		t.Errorf("%v, %v, %+v, %q", lines, err, z.Inputs(), z.Notices())
	}
}

// ranges: keys of any kind and density give each row once, in order, whatever the ranges; and the statistics of the ranges
// bound what is in them.
func ranges(t *testing.T, s *mariadb.Server) {
	base := secret(s.Database("ranges"), s.Port)
	db := connect(t, base)
	run(t, db, "CREATE TABLE dense (id INT PRIMARY KEY, ts DATETIME(6), KEY (ts))", "INSERT INTO dense SELECT seq, '2024-01-01' + INTERVAL seq HOUR FROM seq_1_to_5000",
		"CREATE TABLE sparse (id BIGINT PRIMARY KEY, ts DATETIME)", "INSERT INTO sparse SELECT CAST(seq AS SIGNED) * CAST(seq AS SIGNED) * 100003 - 500000000000, '2024-01-01' FROM seq_1_to_3000",
		"CREATE TABLE items (order_id INT, line INT, v TEXT, PRIMARY KEY (order_id, line))", "INSERT INTO items SELECT seq DIV 7, seq % 7, seq FROM seq_1_to_4000",
		"CREATE TABLE texts (id VARCHAR(20) PRIMARY KEY, v INT)", "INSERT INTO texts SELECT CONCAT('k', LPAD(seq, 6, '0')), seq FROM seq_1_to_2000",
		"CREATE TABLE plain (a INT, b INT)", "INSERT INTO plain SELECT seq, -seq FROM seq_1_to_100", "CREATE TABLE none (id INT PRIMARY KEY, v INT)",
		"CREATE TABLE wide (id BIGINT UNSIGNED PRIMARY KEY, v INT)", "INSERT INTO wide VALUES (1, 1), (18446744073709551615, 2)", "CREATE VIEW v AS SELECT id, ts FROM dense WHERE id <= 10")
	for table, want := range map[string]struct{ rows, splits int }{"dense": {5000, 10}, "sparse": {3000, 6}, "items": {4000, 2}, "texts": {2000, 1}, "plain": {100, 1}, "none": {0, 1}, "wide": {2, 1}, "v": {10, 1}} {
		d := openTable(t, base+"?table="+table, sqltable.Options{RangeKeys: 500, Conns: 3})
		if len(d.Splits()) != want.splits {
			t.Errorf("%s: %d splits, want %d", table, len(d.Splits()), want.splits)
		}
		got := make([][][]string, len(d.Splits()))
		var wg sync.WaitGroup
		for i, sp := range d.Splits() { // more readers than connections
			wg.Go(func() {
				lines, err := readSplit(sp, 2)
				if err != nil {
					t.Error(err)
				}
				got[i] = lines
			})
		}
		wg.Wait()
		all := slices.Concat(got...)
		if len(all) != want.rows || d.Inputs()[0].Rows != int64(want.rows) {
			t.Fatalf("%s: %d rows of %d", table, len(all), want.rows)
		}
		if table == "v" || table == "plain" || table == "none" || table == "texts" {
			continue
		}
		if !slices.IsSortedFunc(all, func(a, b []string) int { return compare(a[0], b[0])*2 + compare(a[1], b[1])*boolean(table == "items") }) {
			t.Errorf("%s: not in the order of the key", table)
		}
	}
	d := openTable(t, base+"?table=dense", sqltable.Options{RangeKeys: 500, Conns: 2})
	for i, sp := range d.Splits() {
		st, ok := sp.Stats(1)
		lines, err := readSplit(sp, 2)
		if err != nil || !ok || sp.Rows() != 500 || fmt.Sprint(st.MinI64) != lines[0][1] || fmt.Sprint(st.MaxI64) != lines[len(lines)-1][1] || st.Nulls != 0 {
			t.Fatalf("split %d: %+v %v, %d rows from %v, %v", i, st, ok, sp.Rows(), lines[0], err)
		}
	}
}

func compare(a, b string) int {
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// snapshots: what others write meanwhile is not seen, by any connection.
func snapshots(t *testing.T, s *mariadb.Server) {
	url := secret(s.Database("snap"), s.Port) + "?table=t"
	db := connect(t, url)
	run(t, db, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t SELECT seq, 1 FROM seq_1_to_2000")
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() { // moves one unit from row to row: the sum stays
		for i := 0; !stop.Load(); i++ {
			tx, err := db.Begin()
			if err != nil {
				t.Error(err)
				return
			}
			_, err1 := tx.Exec("UPDATE t SET v = v - 1 WHERE id = ?", 1+i*7%2000)
			_, err2 := tx.Exec("UPDATE t SET v = v + 1 WHERE id = ?", 1+i*13%2000)
			if err := errors.Join(err1, err2, tx.Commit()); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 20 {
		d := openTable(t, url, sqltable.Options{RangeKeys: 100, Conns: 4})
		sum := 0
		for _, sp := range d.Splits() {
			lines, err := readSplit(sp, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				v, _ := strconv.Atoi(l[1])
				sum += v
			}
		}
		if sum != 2000 {
			t.Errorf("sum %d", sum)
		}
		d.Close()
	}
	stop.Store(true)
	wg.Wait()
}

// rights: an account that may only read, without the right to lock tables, reads over one connection and says so.
func rights(t *testing.T, s *mariadb.Server) {
	u := s.Database("rights")
	run(t, connect(t, secret(u, s.Port)), "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t SELECT seq FROM seq_1_to_1000")
	s.Admin("CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'r'; GRANT SELECT ON `shop_rights`.* TO 'reader'@'127.0.0.1'")
	url := strings.Replace(secret(u, s.Port), "shop:shop", "reader:r", 1) + "?table=t"
	d := openTable(t, url, sqltable.Options{RangeKeys: 100})
	rows := 0
	for _, sp := range d.Splits() {
		lines, err := readSplit(sp, 1)
		if err != nil {
			t.Fatal(err)
		}
		rows += len(lines)
	}
	if rows != 1000 || !strings.Contains(strings.Join(d.Notices(), ";"), "one connection") {
		t.Errorf("%d rows, notices %q", rows, d.Notices())
	}
}

// mistakes are told with their cause and a remedy, without the password.
func mistakes(t *testing.T, s *mariadb.Server) {
	u := s.Database("mist")
	base := secret(u, s.Port)
	run(t, connect(t, base), "CREATE TABLE orders (id INT)", "CREATE TABLE items (id INT)")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := free.Addr().String()
	free.Close()
	for url, want := range map[string]struct {
		kind fault.Kind
		hint string
	}{
		base: {fault.Usage, "items, orders"}, base + "?table=order": {fault.NotFound, "table"},
		strings.Replace(base, "shop:shop", "shop:hunter2", 1) + "?table=orders": {fault.Auth, "password"},
		"mysql://shop:hunter2@" + gone + "/shop?table=orders":                   {fault.Unavailable, gone},
		strings.Replace(base, "shop_mist", "shop_nowhere", 1) + "?table=orders": {fault.NotFound, "CREATE DATABASE"},
		base + "?table=orders&query=SELECT":                                     {fault.Usage, "parameters are"},
	} {
		_, err := sqltable.Open(context.Background(), url, sqltable.Options{})
		if err == nil || fault.KindOf(err) != want.kind || !strings.Contains(fault.HintOf(err), want.hint) || strings.Contains(err.Error()+fault.HintOf(err), "hunter2") {
			t.Errorf("%s: %v (%v), hint %q", url, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
	// a table that is altered while it is read waits for the reader
	run(t, connect(t, base), "CREATE TABLE k (id INT PRIMARY KEY)", "INSERT INTO k SELECT seq FROM seq_1_to_100")
	d := openTable(t, base+"?table=k", sqltable.Options{RangeKeys: 10, Conns: 2})
	other := connect(t, base)
	other.SetMaxOpenConns(1)
	run(t, other, "SET SESSION lock_wait_timeout = 1")
	if _, err := other.Exec("ALTER TABLE k ADD COLUMN v INT"); err == nil || fault.KindOf(other.Explain(err, "altering")) != fault.Locked {
		t.Errorf("altering a table that is read: %v", err)
	}
	for _, sp := range d.Splits() {
		if lines, err := readSplit(sp, 1); err != nil || len(lines) != 10 {
			t.Errorf("%d rows, %v", len(lines), err)
		}
	}
}

// cut is a dialer whose connections end after so many bytes were read.
type cutter struct {
	net.Dialer
	after atomic.Int64
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.DialContext(ctx, network, address)
	return &cutConn{Conn: conn, c: c}, err
}

type cutConn struct {
	net.Conn
	c *cutter
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.c.after.Add(-int64(n)) < 0 {
		c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// cutReading: a connection that is lost before a range has begun is replaced, later it is one error; never a row too few
// or too many without an error.
func cutReading(t *testing.T, s *mariadb.Server) {
	url := secret(s.Database("cut"), s.Port) + "?table=t"
	run(t, connect(t, url), "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(100))", "INSERT INTO t SELECT seq, REPEAT('x', 90) FROM seq_1_to_40000")
	failed, whole := 0, 0
	for _, after := range []int64{20_000, 700_000, 1_500_000, 3_000_000, 1 << 40} {
		var c cutter
		c.after.Store(1 << 40)
		d := openTable(t, url, sqltable.Options{RangeKeys: 4000, Conns: 3, Dial: c.dial})
		c.after.Store(after)
		rows := 0
		var err error
		for _, sp := range d.Splits() {
			var lines [][]string
			if lines, err = readSplit(sp, 2); err != nil {
				break
			}
			rows += len(lines)
		}
		switch {
		case err == nil && rows == 40000:
			whole++
		case fault.KindOf(err) == fault.Unavailable && fault.HintOf(err) != "":
			failed++
		default:
			t.Errorf("cut after %d bytes: %d rows, %v", after, rows, err)
		}
		d.Close()
	}
	if failed == 0 || whole == 0 {
		t.Errorf("%d failed, %d whole", failed, whole)
	}
	// one of three connections dies while it rests: another takes its range
	d := openTable(t, url, sqltable.Options{RangeKeys: 4000, Conns: 3})
	ids := strings.Fields(s.Admin("SELECT id FROM information_schema.processlist WHERE user = 'shop' AND db = 'shop_cut' ORDER BY id DESC")) // the youngest ones are those of the snapshot
	killed := 0
	for _, id := range ids {
		if _, err := strconv.Atoi(id); err == nil && killed < 1 {
			s.Admin("KILL " + id)
			killed++
		}
	}
	rows := 0
	for _, sp := range d.Splits() {
		lines, err := readSplit(sp, 2)
		if err != nil {
			t.Fatalf("after the loss of a resting connection: %v", err)
		}
		rows += len(lines)
	}
	if rows != 40000 || killed != 1 {
		t.Errorf("%d rows, %d connections killed", rows, killed)
	}
}

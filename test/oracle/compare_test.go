package oracle_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"
)

// table is a result; cells are texts as printed, nil is null.
type table struct {
	columns []string
	kinds   map[string]string // by column: money, int, float, text, date, time, bool; the oracle's only
	rows    [][]*string
}

func readAnswer(t *testing.T, path string) table {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		Columns [][2]string `json:"columns"`
		Rows    [][]*string `json:"rows"`
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	out := table{kinds: map[string]string{}, rows: a.Rows}
	for _, c := range a.Columns {
		out.columns = append(out.columns, c[0])
		out.kinds[c[0]] = c[1]
	}
	return out
}

// parseJSON reads an array of flat objects, keeping the order of the keys and the
// digits of the numbers.
func parseJSON(t *testing.T, raw []byte) table {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	next := func() json.Token {
		tok, err := dec.Token()
		if err != nil {
			t.Fatalf("the answer is not a JSON array of objects: %v\n%.300s", err, raw)
		}
		return tok
	}
	var out table
	if next() != json.Delim('[') {
		t.Fatalf("the answer is no JSON array: %.300s", raw)
	}
	for dec.More() {
		if next() != json.Delim('{') {
			t.Fatalf("a row is no object: %.300s", raw)
		}
		var row []*string
		for i := 0; dec.More(); i++ {
			name := next().(string)
			if len(out.rows) == 0 {
				out.columns = append(out.columns, name)
			} else if i >= len(out.columns) || out.columns[i] != name {
				t.Fatalf("row %d has key %q where %v was before", len(out.rows)+1, name, out.columns)
			}
			switch v := next().(type) {
			case nil:
				row = append(row, nil)
			case json.Delim:
				t.Fatalf("cell %s holds a %v", name, v)
			default:
				s := fmt.Sprint(v)
				row = append(row, &s)
			}
		}
		next()
		out.rows = append(out.rows, row)
	}
	return out
}

// index maps each row's key to the row.
func (tb table) index(t *testing.T, who string, key []string) map[string][]*string {
	t.Helper()
	var at []int
	for _, k := range key {
		at = append(at, tb.column(t, who, k))
	}
	rows := make(map[string][]*string, len(tb.rows))
	for _, r := range tb.rows {
		var b strings.Builder
		for _, i := range at {
			if r[i] == nil {
				b.WriteString("(null)|")
			} else {
				b.WriteString(*r[i] + "|")
			}
		}
		if _, twice := rows[b.String()]; twice {
			t.Fatalf("%s: key %s twice", who, b.String())
		}
		rows[b.String()] = r
	}
	return rows
}

func (tb table) column(t *testing.T, who, name string) int {
	t.Helper()
	for i, c := range tb.columns {
		if c == name {
			return i
		}
	}
	t.Fatalf("%s has no column %s: %v", who, name, tb.columns)
	return -1
}

// compare fails the test with the first differences.
func compare(t *testing.T, c testCase, want, got table) {
	t.Helper()
	columns := c.Columns
	if columns == nil {
		columns = want.columns
		if len(got.rows) > 0 && strings.Join(got.columns, ",") != strings.Join(want.columns, ",") {
			t.Errorf("columns are %v, want %v", got.columns, want.columns)
		}
	}
	if len(want.rows) == 0 {
		t.Fatal("the oracle's answer is empty: the case checks nothing")
	}
	ours, theirs := got.index(t, "ecomctl", c.Key), want.index(t, "the oracle", c.Key)
	bad := 0
	report := func(format string, args ...any) {
		if bad++; bad <= 10 {
			t.Errorf(format, args...)
		}
	}
	for key := range ours {
		if theirs[key] == nil {
			report("row %s is not in the oracle's answer", key)
		}
	}
	for key, w := range theirs {
		g := ours[key]
		if g == nil {
			report("row %s is missing", key)
			continue
		}
		for _, name := range columns {
			a, b := w[want.column(t, "the oracle", name)], g[got.column(t, "ecomctl", name)]
			if !same(want.kinds[name], a, b) {
				report("row %s: %s is %s, want %s", key, name, show(b), show(a))
			}
		}
	}
	if bad > 10 {
		t.Errorf("… and %d further differences", bad-10)
	}
}

func show(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// same compares a cell by the kind that the oracle's SQL type gives it.
func same(kind string, want, got *string) bool {
	if want == nil || got == nil {
		return want == got
	}
	switch kind {
	case "money", "int":
		w, ok1 := new(big.Rat).SetString(*want)
		g, ok2 := new(big.Rat).SetString(*got)
		return ok1 && ok2 && w.Cmp(g) == 0
	case "float":
		w, err1 := strconv.ParseFloat(*want, 64)
		g, err2 := strconv.ParseFloat(*got, 64)
		return err1 == nil && err2 == nil && math.Abs(w-g) <= 1e-12*math.Max(math.Abs(w), math.Abs(g))
	}
	return *want == *got
}

func TestSame(t *testing.T) {
	p := func(s string) *string { return &s }
	cases := []struct {
		kind      string
		want, got *string
		same      bool
	}{
		{"money", p("8911407.9040"), p("8911407.904"), true},
		{"money", p("8911407.9040"), p("8911407.9041"), false},
		{"money", p("12.0000"), p("12"), true},
		{"int", p("12"), p("1.2e1"), true},
		{"int", p("9007199254740993"), p("9007199254740992"), false},
		{"float", p("0.1"), p("0.10000000000000002"), true},
		{"float", p("0.1"), p("0.1000000000011"), false},
		{"float", nil, p("0"), false},
		{"text", nil, nil, true},
		{"text", p("a"), p("A"), false},
		{"date", p("2024-01-01"), p("2024-01-01"), true},
	}
	for _, c := range cases {
		if same(c.kind, c.want, c.got) != c.same {
			t.Errorf("%s: %s and %s: want same = %v", c.kind, show(c.want), show(c.got), c.same)
		}
	}
}

package sqlgen_test

import (
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
)

// A known span shortens a statement about instants, which then ends where other instants are met; a dialect that cannot end one has all changes.
func TestSpansShortenStatements(t *testing.T) {
	rel := plainShop()
	rel.Zone = "America/New_York"
	zoned(rel)
	columns := sqlgen.ZonedColumns(rel)
	if len(columns) != 1 || columns[0] != "InvoiceDate" {
		t.Fatalf("columns %q", columns)
	}
	q := query.Query{Dims: []query.Dim{{Name: "d", Column: "order_ts", Cut: query.Day}}, Measures: []query.Measure{{Name: "n", Op: query.Count}}}
	text := func(d sqlgen.Dialect, spans map[string]sqlgen.Span) string {
		s, err := sqlgen.Query(d, rel, sqlgen.Tables{Fact: "orders", Native: true, Spans: spans}, q)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	year := map[string]sqlgen.Span{"InvoiceDate": {Least: 1_577_836_800_000_000, Greatest: 1_609_459_200_000_000}} // 2020: two changes
	all, few := text(sqlgen.Spark, nil), text(sqlgen.Spark, year)
	if n := strings.Count(few, "-14400000000L"); n != 1 || strings.Count(all, "-14400000000L") < 200 {
		t.Errorf("summer time is %d and %d times in the statements", n, strings.Count(all, "-14400000000L"))
	}
	if !strings.Contains(few, "< 1577836800000000L OR ") || !strings.Contains(few, "> 1609459200000000L THEN CAST(RAISE_ERROR('the input has times") || strings.Contains(all, "RAISE_ERROR") {
		t.Errorf("instants outside the span:\n%s", few)
	}
	if text(sqlgen.SQLite, year) != text(sqlgen.SQLite, nil) {
		t.Error("a dialect that cannot end a statement trusts a span")
	}
	rel.Zone = "UTC"
	if columns := sqlgen.ZonedColumns(rel); columns != nil {
		t.Errorf("columns of UTC: %q", columns)
	}
}

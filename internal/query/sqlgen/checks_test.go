package sqlgen_test

import (
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
)

// A refusal names the rule that cannot be printed, and no other.
func TestChecksRefuseByName(t *testing.T) {
	known := query.Check{Name: "known", Holds: expr.NotNull(expr.Col("order"))}
	c := query.Checks{Input: plainShop().Fact, Names: map[string]string{"order": "InvoiceNo"}, Samples: 3, Checks: []query.Check{
		known,
		{Name: "lines", Holds: expr.Call("matches", expr.Col("Country"), expr.Lit("(?m)^F"))},
		{Name: "nothing", Holds: expr.NotNull(expr.Col("nothing"))},
	}}
	tables := sqlgen.CheckTables{Input: "checked"}
	_, _, err := sqlgen.SparkCounts(c, tables)
	if err == nil || !strings.HasPrefix(err.Error(), "rule lines: ") || strings.Contains(err.Error(), "known") || strings.Contains(err.Error(), "nothing") {
		t.Error(err)
	}
	c.Checks = []query.Check{known, {Name: "rows", Unique: []string{"InvoiceNo", "Country"}}}
	sql, of, err := sqlgen.SparkCounts(c, tables)
	if err != nil || len(of) != 1 || of[0] != 0 || strings.Count(sql, " AS `n") != 4 {
		t.Errorf("%v %v\n%s", of, err, sql)
	}
	if sql, err := sqlgen.SparkFailing(c, tables, 1); err != nil || !strings.Contains(sql, "LIMIT 3") || !strings.Contains(sql, "ROW_NUMBER() OVER (PARTITION BY TRUE, `raw_InvoiceNo`, ") && !strings.Contains(sql, "ROW_NUMBER() OVER (PARTITION BY TRUE, `InvoiceNo`, ") {
		t.Errorf("%v\n%s", err, sql)
	}
}

package spark_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sameReport is same for validate, whose exit code and error tell what is broken, too.
func sameReport(t *testing.T, code int, args ...string) {
	t.Helper()
	args = append([]string{"validate"}, args...)
	local, far := run(args...), run(append(args, "--engine", "spark", "--spark", server(t))...)
	line := strings.Join(args, " ")
	switch {
	case local.code != code || far.code != code:
		t.Errorf("ecomctl %s: exit codes %d and %d, want %d\nlocal: %s\nspark: %s", line, local.code, far.code, code, local.errs, far.errs)
	case local.out != far.out:
		t.Errorf("ecomctl %s: reports differ\n%s", line, difference(local.out, far.out))
	case local.errs != far.errs:
		t.Errorf("ecomctl %s: remarks differ\n%s", line, difference(local.errs, far.errs))
	case strings.Count(local.out, "\n") < 2:
		t.Errorf("ecomctl %s: no rules to compare:\n%s", line, local.out)
	}
}

// rulesFile writes rules.
func rulesFile(t *testing.T, rules string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte("version: 1\nrules:\n"+rules), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const everyRule = `
  - {type: not_null, columns: [order_id, order_ts, customer_id, quantity, unit_price, status]}
  - {name: ids, type: unique, column: order_id}
  - {name: lines, type: unique, columns: [order_id, product_id, customer_id], where: "quantity > 0"}
  - {name: rows, type: unique, columns: ["*"], severity: warn}
  - {name: whole, type: type, column: customer_id, as: integer}
  - {name: number, type: type, column: quantity, as: number}
  - {name: no number, type: type, column: region, as: text}
  - {name: midnight, type: type, column: order_ts, as: date, max_ratio: 0.9999}
  - {name: price, type: range, column: unit_price, above: 0, max: 300.5}
  - {name: count, type: range, column: quantity, min: 1, below: 12}
  - {name: count in halves, type: range, column: quantity, min: 0.5}
  - {name: text between, type: range, column: region, min: "A", max: "ß"}
  - {name: when, type: range, column: order_ts, min: 2023-09-15, max: "2024-02-29T12:00:00", severity: warn}
  - {name: another kind, type: range, column: quantity, min: "A", max_ratio: 1}
  - {name: regions, type: set, column: region, values: [SP, RJ, "São Paulo", ""]}
  - {name: counts, type: set, column: quantity, values: [1, 2, 3.0, x]}
  - {name: prices, type: set, column: unit_price, values: [1.25, "2.50", 19.99, 4.35]}
  - {name: words, type: pattern, column: status, pattern: '(?i)^(PAID|sent|退.)$'}
  - {name: signs, type: pattern, column: order_id, pattern: '^o[[:alpha:]]\d*\b|é$'}
  - {name: no signs, type: pattern, column: product_id, pattern: '^\S(.*\S)?$'}
  - {name: sums, type: expression, expression: "quantity <= 0 or discount <= quantity * unit_price"}
  - {name: nulls pass, type: expression, expression: "unit_price > 1 and not (lower(category) = 'toys' or region is null)", where: "customer_id > 12350"}
  - {name: big, type: row_count, min: 10}
  - {name: small, type: row_count, max: 10}
  - {name: fresh, type: freshness, column: order_ts, max_age: 2d}
  - {name: known, type: foreign_key, column: product_id, references: {file: products.parquet, column: sku}}
  - {name: known number, type: foreign_key, column: quantity, references: {file: products.parquet, column: code}}
  - {name: absent, type: not_null, column: nowhere, if_present: true}
`

func TestValidate(t *testing.T) {
	rules := rulesFile(t, everyRule)
	p := &table{}
	p.add("sku", textType, 4, func(i int) any { return []any{"a", "A", "中文", nil}[i] })
	p.add("code", textType, 4, func(i int) any { return []any{"1", "02", "-1", "6"}[i] })
	p.write(t, filepath.Join(filepath.Dir(rules), "products.parquet"))
	sameReport(t, 3, hostile(t, 31, 1500, instants), "--rules", rules)
	sameReport(t, 3, filepath.Dir(hostile(t, 34, 1000, wallType)), hostile(t, 32, 400, wallType), "--rules", "builtin:orders")
}

// What Spark would answer otherwise is refused by the name of the rule.
func TestValidateRefusals(t *testing.T) {
	file := hostile(t, 33, 50, wallType)
	far := []string{"--engine", "spark", "--spark", server(t)}
	for says, rule := range map[string]string{
		"rule when: column region holds texts":       `{name: when, type: type, column: region, as: date}`,
		"rule p: a pattern for integer values":       `{name: p, type: pattern, column: quantity, pattern: '^1'}`,
		"rule lines: printing SQL for Spark: (?m:^)": `{name: lines, type: pattern, column: region, pattern: '(?m)^S'}`,
		"rule s: a set of timestamp values":          `{name: s, type: set, column: order_ts, values: [2024-01-01]}`,
	} {
		refused(t, 2, append([]string{"validate", file, "--rules", rulesFile(t, "  - "+rule+"\n")}, far...), says)
	}
	refused(t, 2, append([]string{"validate", file, "--suggest"}, far...), "--suggest and --failures need the rows")
}

package expr_test

import (
	"strings"
	"testing"

	. "github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/expr/exprtest"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// FuzzExpression: no text makes the parser, the checker or a program panic, every
// error is the user's with a place, and what is accepted prints as itself.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"s1 = 'SP' and f1 > 10", "not (i1 in (1,2) or d1 is null)", "case s1 when 'a' then 1 else 2.5 end % 2", "\"中文\" like '%a_' escape '!'",
		"round(m1 * i1, 2) between -1e3 and .5", "date '2024-01-01' <= t1", "`b1`", "((((", "'", "1e999", "m1 > 0.00001", "t1 > '2024-01-01T00:00:00'",
		"coalesce(null, null, 1) = 1", "-9223372036854775808 % -1", "matches(s1, '(a|b)*')", "1 < 2 < 3", "\x00", "s1 = '\xff'", "i1 = = 2",
	} {
		f.Add(s)
	}
	rows := []map[string]any{{}, {"s1": "SP", "i1": int64(1), "f1": 0.5, "m1": int64(5), "b1": true, "t1": int64(5), "d1": int64(6), "中文": "x"}}
	cols := columnsOf(rows)
	f.Fuzz(func(t *testing.T, src string) {
		n, err := Parse(src)
		if err == nil {
			var typed Node
			if typed, _, err = Check(n, exprtest.Lookup, "s1", "i1"); err == nil {
				p, err := Compile(n, exprtest.Lookup)
				if err != nil {
					t.Fatalf("checks but does not compile: %v", err)
				}
				if _, err := p.Eval(cols, len(rows)); err != nil {
					t.Fatal(err)
				}
				back, err := Parse(Format(typed))
				if err == nil {
					_, _, err = Check(back, exprtest.Lookup)
				}
				if err != nil && !strings.Contains(err.Error(), "nested") && !strings.Contains(err.Error(), "null") && !strings.Contains(err.Error(), "not a date") {
					t.Fatalf("%q prints as %q: %v", src, Format(typed), err)
				}
			}
		}
		if err != nil && fault.KindOf(err) != fault.Usage {
			t.Fatalf("%q: kind %v: %v", src, fault.KindOf(err), err)
		}
	})
}

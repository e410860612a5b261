package expr_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// shopTypes is the orders table as the documentation's examples use it.
var shopTypes = map[string]Type{"region": Text, "unit_price": Float, "quantity": Int, "order_ts": Time, "money": Money, "launch": Date, "ok": Bool, "金额": Money,
	"status": Text, "product_name": Text, "product_id": Text, "discount": Float, "country": Text, "customer_id": Text}

func shopLookup(name string) (int, Type, bool) {
	t, ok := shopTypes[name]
	return 0, t, ok
}

// checkShop parses and checks a condition over the orders table.
func checkShop(src string) (Node, error) {
	n, err := Parse(src)
	if err != nil {
		return nil, err
	}
	return CheckCondition(n, shopLookup, "region", "unit_price", "quantity", "order_ts", "money", "Strange Name")
}

func TestErrorsNameThePlaceAndTheRemedy(t *testing.T) {
	for _, c := range []struct{ src, msg, hint string }{
		{"regoin = 'SP'", "column 1: unknown column regoin", "did you mean region?"},
		{"strangename = 1", "unknown column strangename", `did you mean "Strange Name"?`},
		{"zzz = 1", "unknown column zzz", "the columns are region, unit_price"},
		{"region = 5", "column 10: comparing text `region` with integer 5", "write '5'"},
		{"region = 5.50", "text `region` with number 5.5", "write '5.50'"},
		{"quantity = '5'", "comparing integer `quantity` with text '5'", "write 5 without quotes"},
		{"unit_price = '1,5'", "comparing number `unit_price` with text '1,5'", ""},
		{"order_ts > 2024-01-01", "comparing timestamp `order_ts` with integer 2022", "dates are written in quotes"},
		{"order_ts > '2024-13-01'", "'2024-13-01' beside a timestamp: not a date or time", "write '2024-01-31'"},
		{"order_ts > '2024-01-01T00:00Z'", "a zone is not allowed here", "without a zone"},
		{"launch = date '2024-02-30'", "column 15: date '2024-02-30'", "write '2024-01-31'"},
		{"quantity", "the condition must be true or false, and integer `quantity` is not", "compare it with something: quantity = …"},
		{"region = 'a' and quantity", "column 18: a side of and must be true or false", ""},
		{"1 < quantity < 3", "column 14: comparisons cannot be chained", "b between a and c"},
		{"region = null", "a comparison with null is never true", "write: region is null"},
		{"region != null", "a comparison with null is never true", "write: region is not null"},
		{"region in ('a', null)", "null in a list never matches", "region is null"},
		{"region in ()", "an empty list after in", ""},
		{"quantity in (unit_price)", "holds constants only", "= and or"},
		{"lengt(region) = 1", "unknown function lengt", "did you mean length?"},
		{"sum(quantity) > 2", "unknown function sum", "the functions are"},
		{"length() = 1", "length takes 1 arguments, and 0 are given", ""},
		{"round(unit_price, -1) > 2", "the digits of round are a constant from 0 to 15", ""},
		{"(region = 'a'", "column 1: a parenthesis that is never closed", "close it with )"},
		{"'abc", "column 1: a text that is never closed", "close it with '"},
		{"region = ‘SP’", "column 10: a sign that has no meaning here", "use straight quotes"},
		{"quantity = 1 && region = 'a'", "a sign that has no meaning here: &&", "write and"},
		{"region = 'a' region", "column 14: region where an operator or the end is wanted", "a name with spaces needs double quotes"},
		{"5abc = 1", "a number that goes on with letters: 5abc", "double quotes"},
		{"quantity % 1.5 = 0", "% wants integers or money", "use floor"},
		{"region + 1 = 2", "+ wants numbers, and text `region` is not", ""},
		{"launch * 2 = launch", "has no meaning", "date + days"},
		{"ok > true", "have no order", ""},
		{"matches(region, '(')", "the pattern of matches", "RE2"},
		{"region like 5", "5 where a pattern in quotes is wanted", ""},
		{"region like 'a!' escape '!'", "ends with its escape character", "twice"},
		{"", "column 1: an empty expression", "write a condition"},
		{"金额 = 'x'", "comparing money `金额` with text 'x'", ""},
		{strings.Repeat("(", 1_000_000), "nested more than 256 levels", ""},
		{strings.Repeat("not ", 300) + "ok", "nested more than 256 levels", ""},
		{strings.Repeat("-", 300) + "1 = 1", "nested more than 256 levels", ""},
		{"quantity in (" + strings.Repeat("1,", 70_000) + "1)", "more than 65536 parts", ""},
		{"region = '" + strings.Repeat("x", 1<<20) + "'", "longer than 1048576 bytes", ""},
		{strings.Repeat("case ", 100) + "quantity" + strings.Repeat(" when 1 then 1 when 2 then 2 end", 100) + " = 1", "more than 65536 parts", ""},
	} {
		_, err := checkShop(c.src)
		if err == nil || fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), c.msg) || !strings.Contains(fault.HintOf(err), c.hint) {
			t.Errorf("%.40s: %v\nhint: %s\nwant %s\nhint: %s", c.src, err, fault.HintOf(err), c.msg, c.hint)
		}
		if err != nil && len(err.Error()) > 700 {
			t.Errorf("%.40s: a message of %d bytes", c.src, len(err.Error()))
		}
	}
}

func TestUnknownColumnIsInTheChain(t *testing.T) {
	_, err := checkShop("nothing = 1")
	var u *UnknownColumn
	if !errors.As(err, &u) || u.Name != "nothing" {
		t.Error(err)
	}
}

// Messages let nothing of the input reach a terminal that could steer it, and the
// caret stands under wide characters too.
func TestCaretLines(t *testing.T) {
	_, err := checkShop("\x1b[31m金额 = \u202e'x'")
	for _, r := range err.Error() {
		if r < ' ' && r != '\n' || r == 0x202e {
			t.Errorf("%q", err)
		}
	}
	_, err = checkShop("金额金额 = 1")
	if want := "\n    金额金额 = 1\n    ^"; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%q", err)
	}
	_, err = checkShop("金额 = 1 and 金额 = 'x'")
	if want := "\n    金额 = 1 and 金额 = 'x'\n    \u3000\u3000         \u3000\u3000   ^"; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%q", err)
	}
}

func TestDocumentedExamplesAreValid(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "expressions.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "## Examples")
	_, rest, _ = strings.Cut(rest, "```\n")
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/expressions.md has no block of examples")
	}
	lines := strings.Split(strings.TrimSpace(block), "\n")
	if len(lines) < 10 {
		t.Errorf("only %d examples", len(lines))
	}
	for _, line := range lines {
		n, err := checkShop(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if _, err := checkShop(Format(n)); err != nil {
			t.Errorf("%s prints as %s: %v", line, Format(n), err)
		}
	}
	_, err = checkShop("regoin = 'SP'")
	if shown := err.Error() + "\nhint: " + fault.HintOf(err); !strings.Contains(string(text), shown) {
		t.Errorf("the documented message is now:\n%s", shown)
	}
	for name := range map[string]bool{"lower": true, "upper": true, "trim": true, "length": true, "starts_with": true, "ends_with": true, "contains": true, "matches": true, "abs": true,
		"floor": true, "ceil": true, "round": true, "year": true, "month": true, "day": true, "weekday": true, "hour": true, "date": true, "coalesce": true, "nullif": true} {
		if !strings.Contains(string(text), "`"+name+"(") {
			t.Errorf("docs/expressions.md says nothing of %s", name)
		}
	}
}

func TestLargeExpressionsAreQuick(t *testing.T) {
	begin := time.Now()
	for _, src := range []string{
		strings.Repeat("quantity + ", 9_000) + "1 > 5",
		strings.Repeat("region = 'x' or ", 9_000) + "ok",
		"region in ('" + strings.Repeat("x','", 30_000) + "y')",
		strings.Repeat("(", 250) + "ok" + strings.Repeat(")", 250),
	} {
		n, err := checkShop(src)
		if err != nil {
			t.Fatalf("%.30s: %v", src, err)
		}
		if _, err := Compile(n, shopLookup); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("%v", d)
	}
}

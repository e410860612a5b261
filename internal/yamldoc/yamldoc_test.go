package yamldoc

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

func parse(t *testing.T, text string) *Node {
	t.Helper()
	n, err := Parse("x.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestValues(t *testing.T) {
	n := parse(t, "a: 1\nb: [x, 2.5, true, 2024-01-01]\nc:\n  d: 'text'\n  e: ~\n")
	if v, err := n.Get("a").Int("a"); err != nil || v != 1 {
		t.Errorf("a = %v, %v", v, err)
	}
	if v, err := n.Get("b").Texts("b"); err != nil || fmt.Sprint(v) != "[x 2.5 true 2024-01-01]" {
		t.Errorf("b = %v, %v", v, err)
	}
	if e := n.Get("c").Get("e"); e.Kind != Null || e.Line != 5 {
		t.Errorf("e: %+v", e)
	}
	if n.Get("zzz") != nil || parse(t, "").Kind != Null || parse(t, "# only a comment\n").Kind != Null {
		t.Error("nothing is something")
	}
	if v, err := parse(t, "x: 1_000").Get("x").Int("x"); err != nil || v != 1000 {
		t.Errorf("1_000 = %v, %v", v, err)
	}
}

// TestRefusals: each bad document has one clear error with file and line.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: 1\nb: [1, 2\nc: 3", "line 2: it is not YAML: did not find expected ',' or ']'"},
		{"a: 1\na: 2", `line 2: key "a" is there already, on line 1`},
		{"a: 1\n\tkey: 1", "line 2: it is not YAML"},
		{"a: 1\n---\nb: 2", "line 2: a second document begins"},
		{"a: &x {b: 1}\nc:\n  <<: *x", "line 3: merge keys"},
		{"a: !!binary aGVsbG8=", "line 1: the tag !!binary"},
		{"a: !custom x", "line 1: the tag !custom"},
		{"? [a]\n: b", "line 1: a key is not a word"},
		{strings.Repeat("[", 60) + strings.Repeat("]", 60), "levels deep"},
		{"a: &a [*a]", "levels deep"},
		{"a: \xff", "not UTF-8"},
		{strings.Repeat("# filler\n", 200_000), "larger than 1 MiB"},
		{bomb(), "more than 100000 values"},
		{strings.Repeat("[", 50_000), ""},
	} {
		start := time.Now()
		_, err := Parse("x.yaml", strings.NewReader(c.text))
		if fault.KindOf(err) != fault.Usage || err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.yaml") {
			t.Errorf("%.40q: %v, want %q", c.text, err, c.want)
		}
		if fault.HintOf(err) == "" {
			t.Errorf("%.40q: %v has no remedy", c.text, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%.40q took %v", c.text, d)
		}
	}
}

// bomb is the billion laughs.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

func TestWrongShapes(t *testing.T) {
	n := parse(t, "s: text\nl: [1]\nm: {a: 1}\nf: 1.5\nb: true\ninf: .inf\n")
	for name, err := range map[string]error{
		"s as int":   second(n.Get("s").Int("s")),
		"f as int":   second(n.Get("f").Int("f")),
		"l as text":  second(n.Get("l").Text("l")),
		"m as list":  second(n.Get("m").Texts("m")),
		"s as bool":  second(n.Get("s").Bool("s")),
		"b as float": second(n.Get("b").Float("b")),
		"infinite":   second(n.Get("inf").Float("inf")),
		"l as map":   n.Get("l").Only("l", "a"),
	} {
		if fault.KindOf(err) != fault.Usage || err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestUnknownKey(t *testing.T) {
	err := parse(t, "rules: []\nsevrity: error\n").Only("the file", "rules", "severity", "version")
	if err == nil || err.Error() != `reading x.yaml: line 2: the file has no key "sevrity"` || fault.HintOf(err) != `did you mean "severity"? The keys are rules, severity, version` {
		t.Errorf("%v; %s", err, fault.HintOf(err))
	}
	if err := parse(t, "xxxxxxxx: 1").Only("the file", "rules"); fault.HintOf(err) != "the keys are rules" {
		t.Errorf("%v; %s", err, fault.HintOf(err))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: 1", "- x\n- &b y\n- *b", bomb()[:200], "{a: [1, {b: c}]}", "%YAML 1.2\n---\na: |\n  text\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse("f.yaml", strings.NewReader(s))
		if (n == nil) == (err == nil) {
			t.Fatalf("node %v, error %v", n, err)
		}
		if err != nil && fault.KindOf(err) != fault.Usage {
			t.Fatalf("%v is %v", err, fault.KindOf(err))
		}
	})
}

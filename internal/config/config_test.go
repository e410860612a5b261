package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/yamldoc"
)

// world is a folder with files and an environment.
func world(t *testing.T, files map[string]string, env map[string]string) LoadOptions {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return LoadOptions{Dir: filepath.Join(dir, "shop"), Env: func(name string) string {
		if v, ok := env[name]; ok {
			return v
		}
		if name == "XDG_CONFIG_HOME" {
			return filepath.Join(dir, "xdg")
		}
		return ""
	}}
}

func origin(os []Origin, key string) Origin {
	for _, o := range os {
		if o.Key == key {
			return Origin{Key: o.Key, Value: o.Value, From: filepath.Base(o.From)}
		}
	}
	return Origin{}
}

// TestLayers: flags over variables over the folder's file over the user's.
func TestLayers(t *testing.T) {
	o := world(t, map[string]string{
		"xdg/ecomctl/config.yaml": "lang: zh\ntz: Asia/Shanghai\ncurrency: CNY\nthreads: 1\n",
		"shop/ecomctl.yaml":       "input: [a.csv, 'b c.csv']\ntz: Europe/London\ncurrency: GBP\nmap:\n  order_id: InvoiceNo\n  customer_id: 客户\nmax_rejects: 2%\nvoid_statuses: []\nreject_free: true\n",
	}, map[string]string{"ECOMCTL_CURRENCY": "EUR", "ECOMCTL_THREADS": "2", "ECOMCTL_MAP": "quantity=Qty", "ECOMCTL_REJECT_FREE": "no"})
	o.Flags = map[string]string{"threads": "3", "as-of": "2025-01-01", "by": "month"}
	c, from, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	if c.Lang != "zh" || c.TZ != "Europe/London" || c.Currency != "EUR" || c.Threads != 3 || c.AsOf != "2025-01-01" || c.RejectFree || c.MaxRejectsShare != 0.02 {
		t.Errorf("%+v", c)
	}
	if fmt.Sprint(c.Input) != "[a.csv b c.csv]" || c.Map["order_id"] != "InvoiceNo" || c.Map["quantity"] != "Qty" || c.Map["customer_id"] != "客户" {
		t.Errorf("%v %v", c.Input, c.Map)
	}
	if c.VoidStatuses == nil || len(c.VoidStatuses) > 0 {
		t.Errorf("an empty list is not the default list: %#v", c.VoidStatuses)
	}
	for _, want := range []Origin{
		{"lang", "zh", "config.yaml:1"}, {"tz", "Europe/London", "ecomctl.yaml:2"}, {"currency", "EUR", "environment ECOMCTL_CURRENCY"},
		{"threads", "3", "flag --threads"}, {"as_of", "2025-01-01", "flag --as-of"}, {"engine", "local", "default"}, {"input", "a.csv, b c.csv", "ecomctl.yaml:1"},
	} {
		if got := origin(from, want.Key); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if tab := Table(from); tab.N != len(Keys) || tab.Columns[1].Data.Len != tab.N {
		t.Errorf("table of %d rows for %d keys", tab.N, len(Keys))
	}
}

func TestNothingIsNoMistake(t *testing.T) {
	c, from, err := Load(world(t, nil, nil))
	if err != nil || len(from) != len(Keys) {
		t.Fatalf("%v", err)
	}
	if c.TZ != "" || c.VoidStatuses != nil || c.SeedSet {
		t.Errorf("%+v", c)
	}
	o := world(t, map[string]string{"shop/ecomctl.yaml": "# empty\n"}, map[string]string{"XDG_CONFIG_HOME": os.DevNull})
	if _, _, err := Load(o); err != nil {
		t.Error(err)
	}
}

// TestMistakes: each mistake is one clear error with its place and remedy.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		file, want, hint string
	}{
		{"timezone: UTC", `ecomctl.yaml: line 1: the configuration has no key "timezone"`, "the keys are"},
		{"lang: en\ncurency: EUR", `line 2: the configuration has no key "curency"`, `did you mean "currency"?`},
		{"lang: fr", `ecomctl.yaml:1: lang: "fr" is not possible`, "choose one of en, zh"},
		{"format: jsn", `"jsn" is not possible`, "did you mean json?"},
		{"tz: Mars/Base", `ecomctl.yaml:1: tz: "Mars/Base" is not a time zone`, "IANA"},
		{"currency: euro", `"euro" is not a currency code`, "EUR"},
		{"memory: lots", `"lots" is not a size`, "512MiB"},
		{"max_rejects: 7", `"7" is not a share`, "5%"},
		{"threads: -2", "-2 threads are impossible", "4096"},
		{"threads: two", `threads is "two", not an integer`, "whole number"},
		{"reject_free: maybe", `reject_free is "maybe", not true or false`, "true or false"},
		{"from: yesterday", `"yesterday" is not a date`, "2024-12-31"},
		{"map: [a]", "map is a list, not a map", "order_id"},
		{"input: {a: b}", "input is a map of keys, not a list", "["},
		{"tz: ${NO_SUCH_VARIABLE}", "tz: the variable NO_SUCH_VARIABLE is not set", "export"},
		{"clean_rules: [{name: x}]", "line 1: a rule has no when", "write"},
		{"clean_rules:\n  - name: x\n    when: a\n    knd: void", `line 4: a rule has no key "knd"`, `did you mean "kind"?`},
		{"clean_rules:\n  - {name: x, when: a, kind: sold}", `rule x has the kind "sold"`, "reject, void"},
		{"listen: 5000", `listen: "5000" is not an address`, "127.0.0.1:5000"},
		{"metrics: localhost", `metrics: "localhost" is not an address`, "127.0.0.1:5000"},
		{"cache: memcached://h:s3cret@x", "cache: it is neither memory nor an address of Redis", "redis://host:port/db"},
		{"- a\n- b", "the file is a list, not a map of keys", "key: value"},
		{"a: [", "it is not YAML", "indent"},
		{"lang: en\nlang: zh", `key "lang" is there already`, "remove"},
	} {
		_, _, err := Load(world(t, map[string]string{"shop/ecomctl.yaml": c.file}, nil))
		if fault.KindOf(err) != fault.Usage || err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(fault.HintOf(err), c.hint) {
			t.Errorf("%q:\n%v\nhint: %s\nwant %s; %s", c.file, err, fault.HintOf(err), c.want, c.hint)
		}
	}
	for env, text := range map[string]string{"ECOMCTL_MAP": "order_id", "ECOMCTL_DEDUPE": "perhaps", "ECOMCTL_CLEAN_RULES": "x", "ECOMCTL_SEED": "1.5", "ECOMCTL_CONFIG": "/no/such/file"} {
		if _, _, err := Load(world(t, nil, map[string]string{env: text})); fault.KindOf(err) != fault.Usage || err == nil {
			t.Errorf("%s=%s: %v", env, text, err)
		}
	}
}

func TestCheckFindsAll(t *testing.T) {
	o := world(t, map[string]string{"shop/ecomctl.yaml": "lng: en\ntz: x/y\ncurrency: EUR\nthreads: many\n", "xdg/ecomctl/config.yaml": "nonsense_key: 1\n"}, map[string]string{"ECOMCTL_LANG": "de"})
	problems, files := Check(o)
	var from []string
	for _, p := range problems {
		from = append(from, filepath.Base(p.From))
	}
	if got := strings.Join(from, " "); got != "config.yaml:1 ecomctl.yaml:1 ecomctl.yaml:2 ecomctl.yaml:4 environment ECOMCTL_LANG" || len(files) != 2 {
		t.Errorf("%s; files %v", got, files)
	}
	if problems, _ := Check(world(t, map[string]string{"shop/ecomctl.yaml": "lang: en"}, nil)); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
}

// TestSecretsStaySecret: what a reference stands for is found when it is asked for,
// and is in nothing that is printed.
func TestSecretsStaySecret(t *testing.T) {
	const secret = "hunter2"
	o := world(t, map[string]string{
		"shop/ecomctl.yaml": "input: ['mysql://shop:${DB_PASSWORD}@db/shop?table=orders', 'mysql://shop:hunter2@db/shop']\npseudonym_key: file:key.txt\nproducts: 'https://x/y?token=hunter2&z=1'\n",
		"shop/key.txt":      secret + "\n",
	}, map[string]string{"DB_PASSWORD": secret})
	c, from, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	if c.Input[0] != "mysql://shop:hunter2@db/shop?table=orders" {
		t.Errorf("input %s", c.Input[0])
	}
	if got, err := c.PseudonymKey.Reveal(o.Env); err != nil || got != secret {
		t.Errorf("%q, %v", got, err)
	}
	raw, err := json.Marshal(c.PseudonymKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(from), fmt.Sprintf("%v %+v %#v", c.PseudonymKey, c.PseudonymKey, c.PseudonymKey), string(raw), fmt.Sprint(Secret{raw: secret}), fmt.Sprintf("%#v", Secret{raw: secret})} {
		if strings.Contains(shown, secret) {
			t.Errorf("the secret is in %s", shown)
		}
	}
	if got := origin(from, "input").Value; got != "mysql://shop:${DB_PASSWORD}@db/shop?table=orders, mysql://shop:***@db/shop" {
		t.Errorf("shown as %s", got)
	}
	if _, err := (Secret{raw: "file:no-such-file", base: o.Dir}).Reveal(o.Env); fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	if _, err := (Secret{raw: "${NOPE}"}).Reveal(o.Env); fault.KindOf(err) != fault.Usage || err == nil {
		t.Errorf("%v", err)
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"orders.parquet":                        "orders.parquet",
		"mysql://root:secret@db:3306/shop":      "mysql://root:***@db:3306/shop",
		"mysql://root@db/shop?table=orders":     "mysql://root@db/shop?table=orders",
		"redis://:pa/ss?w@ord@host:6379/0":      "redis://:***@host:6379/0",
		"https://h/p?api_key=abc&x=1#f":         "https://h/p?api_key=***&x=1#f",
		"https://h/p?PASSWORD=abc":              "https://h/p?PASSWORD=***",
		"mysql://u:${DB}@h/d?password=${OTHER}": "mysql://u:${DB}@h/d?password=${OTHER}",
		"hdfs://host:8020/a@b":                  "hdfs://host:8020/a@b",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestInitIsAValidFile: what init writes loads without a mistake and says the same,
// whatever the names of files and columns are.
func TestInitIsAValidFile(t *testing.T) {
	name := rapid.OneOf(rapid.StringN(1, 12, -1), rapid.SampledFrom([]string{"yes", "null", "a: b", "# no", "*x", "&y", "'q'", "\"d\"", "-", "订单号", "a\nb", "1", "1.5", "~"}))
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		o := InitOptions{Inputs: []string{name.Draw(rt, "input")}, Detail: name.Draw(rt, "detail"), TZ: "Asia/Tokyo", Currency: "JPY", Lang: "zh", ValidateRules: "rules.yaml"}
		want := map[string]string{}
		for _, canonical := range []string{"order_id", "order_ts", "customer_id"} {
			col := name.Draw(rt, "column")
			o.Choices = append(o.Choices, Choice{canonical, col, name.Draw(rt, "why")})
			want[canonical] = col
		}
		o.Unmapped = []string{name.Draw(rt, "unmapped")}
		for _, s := range append(o.Inputs, want["order_id"], want["order_ts"], want["customer_id"]) {
			if strings.Contains(s, "${") {
				rt.Skip("a reference")
			}
		}
		path := filepath.Join(dir, FileName)
		text := Init(o)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			rt.Fatal(err)
		}
		c, _, err := Load(LoadOptions{Dir: dir})
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		if fmt.Sprintf("%q", c.Input) != fmt.Sprintf("%q", o.Inputs) || fmt.Sprintf("%q", c.Map) != fmt.Sprintf("%q", want) || c.TZ != "Asia/Tokyo" || c.Lang != "zh" {
			rt.Fatalf("%q %q, want %q %q\n%s", c.Input, c.Map, o.Inputs, want, text)
		}
	})
}

// TestServiceKeys: what `serve` is can be configured; the address of the cache hides its password wherever it is
// shown, and a flag of the same name of another command is another thing.
func TestServiceKeys(t *testing.T) {
	o := world(t, map[string]string{"shop/ecomctl.yaml": "listen: 0.0.0.0:80\nmetrics: \"off\"\nroot: [a, b]\nkeys: k.json\ncache: redis://:${PW}@h:1/0\n"},
		map[string]string{"PW": "hunter2", "ECOMCTL_HOST": "a.example,b.example"})
	c, origins, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := c.Cache.Reveal(nil)
	if err != nil || url != "redis://:hunter2@h:1/0" || c.Cache.Redacted() != "redis://:***@h:1/0" || strings.Contains(fmt.Sprint(c.Cache, origins), "hunter2") {
		t.Errorf("%v %q %s %v", err, url, c.Cache.Redacted(), origins)
	}
	if got := fmt.Sprint(c.Listen, c.Metrics, c.Roots, c.Keys, c.Hosts); got != "0.0.0.0:80 off [a b] k.json [a.example b.example]" && got != "0.0.0.0:80off[a b]k.json[a.example b.example]" {
		t.Error(got)
	}
	if k := Find("metrics"); k.Of("stream") || !k.Of("serve") || !Find("tz").Of("stream") {
		t.Error("whose flags are keys is not known")
	}
}

// TestExamplesAreValid: the example of every key is a possible value of it.
func TestExamplesAreValid(t *testing.T) {
	for _, k := range Keys {
		o := world(t, map[string]string{"shop/ecomctl.yaml": k.Name + ": " + k.Example}, map[string]string{"ECOMCTL_KEY": "x"})
		if _, _, err := Load(o); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		if k.Desc == "" || k.Env() == "" || strings.HasSuffix(k.Desc, ".") {
			t.Errorf("%s: %q", k.Name, k.Desc)
		}
	}
}

func TestFileTooLarge(t *testing.T) {
	_, _, err := Load(world(t, map[string]string{"shop/ecomctl.yaml": strings.Repeat("# x\n", yamldoc.MaxBytes/4+1)}, nil))
	if fault.KindOf(err) != fault.Usage || err == nil {
		t.Errorf("%v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("tz: UTC\nmap: {a: b}\nclean_rules: [{name: x, when: y}]\n")
	f.Add("input: &a [x]\nproducts: *a")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, s string) {
		if err := os.WriteFile(filepath.Join(dir, FileName), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(LoadOptions{Dir: dir}); err != nil && fault.KindOf(err) != fault.Usage {
			t.Fatalf("%v is %v", err, fault.KindOf(err))
		}
	})
}

var update = flag.Bool("update", false, "write docs/config.md")

// TestDocs: docs/config.md is what the table of keys says.
func TestDocs(t *testing.T) {
	const page = "../../docs/config.md"
	if *update {
		if err := os.WriteFile(page, Markdown(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(Markdown()) {
		t.Error("docs/config.md is old: go test ./internal/config -run TestDocs -update")
	}
}

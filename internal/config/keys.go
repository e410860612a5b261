package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/yamldoc"
)

// Type is the shape of a key's value.
type Type uint8

// The types of keys.
const (
	Text Type = iota
	List      // of texts; comma separated in variables
	Map       // of texts; name=value, comma separated, in variables
	Int
	Bool
	RuleList // only in files
	SegmentList
)

// String returns the name that documentation uses.
func (t Type) String() string {
	return [...]string{"text", "list", "map", "integer", "boolean", "list of rules", "list of segments"}[t]
}

// Key is one setting.
type Key struct {
	Name    string // in files; "max_rejects" is the flag --max-rejects and the variable ECOMCTL_MAX_REJECTS
	Type    Type
	Default string // as documentation shows it
	Desc    string
	Example string // YAML value
	Choices []string
	Secret  bool
	// Commands are those whose flag of the name it is; nil = all that have one.
	Commands []string
	check    func(string) error
	set      func(c *Config, v value) error
}

// Of reports whether a command's flag of the key's name means the key.
func (k *Key) Of(command string) bool {
	return k.Commands == nil || slices.Contains(k.Commands, command)
}

// ofServe are the commands whose flags name what a server is.
var ofServe = []string{"serve", "doctor"}

// Env returns the name of the key's variable.
func (k *Key) Env() string { return "ECOMCTL_" + strings.ToUpper(k.Name) }

// Flag returns the name of the key's flag, which not every command has.
func (k *Key) Flag() string { return strings.ReplaceAll(k.Name, "_", "-") }

// value is a setting before its key gives it a meaning.
type value struct {
	text  string
	list  []string
	pairs []pair
	node  *yamldoc.Node // RuleList, SegmentList
	base  string        // folder that relative file: paths start from
}

type pair struct{ name, value string }

// text makes a setter of a text field.
func text(at func(c *Config) *string) func(*Config, value) error {
	return func(c *Config, v value) error { *at(c) = v.text; return nil }
}

func list(at func(c *Config) *[]string) func(*Config, value) error {
	return func(c *Config, v value) error { *at(c) = v.list; return nil }
}

func boolean(at func(c *Config) *bool) func(*Config, value) error {
	return func(c *Config, v value) error { *at(c) = v.text == "true"; return nil }
}

// Keys lists every setting in the order of documentation.
var Keys = []*Key{
	{Name: "input", Type: List, Desc: "what commands read when no input is named: paths, globs, folders, URIs", Example: "[orders.parquet]", set: list(func(c *Config) *[]string { return &c.Input })},
	{Name: "preset", Type: Text, Desc: "a known kind of file: online-retail, cdnow, complete-journey, olist, shopify, woocommerce, …", Example: "online-retail", set: text(func(c *Config) *string { return &c.Preset })},
	{Name: "map", Type: Map, Desc: "which column of the input is which canonical column; the others are recognised", Example: "{order_id: InvoiceNo, order_ts: InvoiceDate}", set: setMap},
	{Name: "products", Type: Text, Desc: "URI of the products table (names, categories)", Example: "products.csv", set: text(func(c *Config) *string { return &c.Products })},
	{Name: "customers", Type: Text, Desc: "URI of the customers table (regions)", Example: "customers.csv", set: text(func(c *Config) *string { return &c.Customers })},
	{Name: "where", Type: Text, Desc: "only rows that satisfy this condition", Example: `"region <> 'test'"`, set: text(func(c *Config) *string { return &c.Where })},
	{Name: "from", Type: Text, Desc: "first day reported", Example: "2024-01-01", check: checkDate, set: text(func(c *Config) *string { return &c.From })},
	{Name: "to", Type: Text, Desc: "day before which rows are reported", Example: "2025-01-01", check: checkDate, set: text(func(c *Config) *string { return &c.To })},
	{Name: "as_of", Type: Text, Default: "the day after the last sold line", Desc: "rows on or after this day do not exist yet", Example: "2025-01-01", check: checkDate, set: text(func(c *Config) *string { return &c.AsOf })},
	{Name: "tz", Type: Text, Default: "UTC", Desc: "time zone of wall times and calendar cuts", Example: "Asia/Shanghai", check: checkZone, set: text(func(c *Config) *string { return &c.TZ })},
	{Name: "currency", Type: Text, Desc: "filters where there is a currency column, else a label", Example: "EUR", check: checkCurrency, set: text(func(c *Config) *string { return &c.Currency })},
	{Name: "lang", Type: Text, Default: "en", Desc: "language of texts", Example: "zh", Choices: []string{"en", "zh"}, set: text(func(c *Config) *string { return &c.Lang })},
	{Name: "reject_free", Type: Bool, Default: "false", Desc: "lines of price 0 are rejects instead of free sales", Example: "true", set: boolean(func(c *Config) *bool { return &c.RejectFree })},
	{Name: "dedupe", Type: Bool, Default: "false", Desc: "rows equal to an earlier row are rejects", Example: "true", set: boolean(func(c *Config) *bool { return &c.Dedupe })},
	{Name: "net", Type: Bool, Default: "false", Desc: "add the negative money of reversals on their own date", Example: "true", set: boolean(func(c *Config) *bool { return &c.Net })},
	{Name: "no_clean", Type: Bool, Default: "false", Desc: "trust the input: every row is sold", Example: "true", set: boolean(func(c *Config) *bool { return &c.NoClean })},
	{Name: "max_rejects", Type: Text, Default: "5%", Desc: "exit with 3 when a larger share of rows is rejected", Example: "2%", set: setShare},
	{Name: "void_statuses", Type: List, Default: "cancelled, refunded, voided, failed, trash, unpaid and their Chinese words", Desc: "statuses of lines that are no revenue; replaces the built-in list", Example: "[cancelled, refunded, 已取消]", set: list(func(c *Config) *[]string { return &c.VoidStatuses })},
	{Name: "clean_rules", Type: RuleList, Desc: "clean rules of the shop: rows for which `when` is true become reject, void, reversal or outside", Example: "[{name: test_order, kind: void, when: \"customer_id = 1\"}]", set: setRules},
	{Name: "rates", Type: Text, Desc: "CSV file of exchange rates (currency,rate[,from]) into `currency`", Example: "rates.csv", set: text(func(c *Config) *string { return &c.Rates })},
	{Name: "segments", Type: SegmentList, Default: "the standard ones", Desc: "names of the shop for RFM scores: the first whose `when` (over r, f, m and v = (f + m + 1) / 2) is true; the standard segments name the rest", Example: "[{name: vip, when: \"r = 5 and m = 5\"}]", set: setSegments},
	{Name: "validate_rules", Type: Text, Desc: "rules file of `validate`, or builtin:orders", Example: "rules.yaml", set: text(func(c *Config) *string { return &c.ValidateRules })},
	{Name: "engine", Type: Text, Default: "local", Desc: "what answers queries", Example: "local", Choices: []string{"local", "spark"}, set: text(func(c *Config) *string { return &c.Engine })},
	{Name: "spark", Type: Text, Desc: "Spark Connect server of engine: spark; a token as ${NAME}", Example: "sc://spark.example.org:15002", check: checkSpark, set: text(func(c *Config) *string { return &c.Spark })},
	{Name: "gateway", Type: Text, Default: "http://127.0.0.1:8083", Desc: "Flink's SQL Gateway of stream --engine flink", Example: "http://gateway.example.org:8083", set: text(func(c *Config) *string { return &c.Gateway })},
	{Name: "flink", Type: Text, Default: "http://127.0.0.1:8081", Desc: "Flink's JobManager of flink status and flink cancel", Example: "http://jobmanager.example.org:8081", set: text(func(c *Config) *string { return &c.Flink })},
	{Name: "threads", Type: Int, Default: "all processors", Desc: "worker threads", Example: "4", set: setThreads},
	{Name: "memory", Type: Text, Default: "half of the machine", Desc: "memory budget; aggregations spill to disk past it", Example: "4GiB", set: setMemory},
	{Name: "tmpdir", Type: Text, Default: "the system's", Desc: "folder of temporary files", Example: "/var/tmp", set: text(func(c *Config) *string { return &c.TmpDir })},
	{Name: "db", Type: Text, Default: "sqlite:ecomctl.db", Desc: "URL of the database of `db`; the password in MYSQL_PWD, or as ?password=file:PATH", Example: "mysql://shop@127.0.0.1:3306/shop", set: text(func(c *Config) *string { return &c.DB })},
	{Name: "kafka_user", Type: Text, Desc: "user at the brokers of Kafka", Example: "shop", set: text(func(c *Config) *string { return &c.KafkaUser })},
	{Name: "kafka_password", Type: Text, Secret: true, Desc: "password of kafka_user; better a reference than the password itself", Example: "${KAFKA_PASSWORD}", set: setKafkaPassword},
	{Name: "kafka_sasl", Type: Text, Default: "plain where there is a user", Desc: "how kafka_user proves who it is", Example: "scram-sha-512", Choices: []string{"plain", "scram-sha-256", "scram-sha-512"}, set: text(func(c *Config) *string { return &c.KafkaSASL })},
	{Name: "kafka_tls", Type: Text, Default: "off", Desc: "connections to Kafka by TLS: on, or the PEM file of the authorities that brokers' certificates are checked by", Example: "/etc/kafka/ca.pem", set: text(func(c *Config) *string { return &c.KafkaTLS })},
	{Name: "kafka_cert", Type: Text, Desc: "PEM file of the client's certificate, where brokers ask for one", Example: "/etc/kafka/client.pem", set: text(func(c *Config) *string { return &c.KafkaCert })},
	{Name: "kafka_key", Type: Text, Desc: "PEM file of the key of kafka_cert", Example: "/etc/kafka/client.key", set: text(func(c *Config) *string { return &c.KafkaKey })},
	{Name: "seed", Type: Int, Default: "1", Desc: "seed of anything random", Example: "1", set: setSeed},
	{Name: "format", Type: Text, Default: "table on a terminal, csv in a pipe", Desc: "format of results", Example: "json", Choices: []string{"table", "csv", "tsv", "json", "ndjson", "parquet", "arrow", "md", "html"}, set: text(func(c *Config) *string { return &c.Format })},
	{Name: "delimiter", Type: Text, Default: "recognised", Desc: "field delimiter of text files", Example: "semicolon", set: text(func(c *Config) *string { return &c.Delimiter })},
	{Name: "encoding", Type: Text, Default: "recognised", Desc: "encoding of text files", Example: "gb18030", Choices: []string{"utf-8", "utf-16le", "utf-16be", "gb18030", "latin1"}, set: text(func(c *Config) *string { return &c.Encoding })},
	{Name: "decimal", Type: Text, Default: "recognised", Desc: "how text files write numbers: comma (1.234,5) or point (1,234.5)", Example: "comma", Choices: []string{"comma", "point"}, set: text(func(c *Config) *string { return &c.Decimal })},
	{Name: "no_progress", Type: Bool, Default: "false", Desc: "no progress line", Example: "true", set: boolean(func(c *Config) *bool { return &c.NoProgress })},
	{Name: "log_format", Type: Text, Default: "text", Desc: "messages as text or JSON", Example: "json", Choices: []string{"text", "json"}, set: text(func(c *Config) *string { return &c.LogFormat })},
	{Name: "pseudonym_key", Type: Text, Secret: true, Desc: "key of --pseudonymise; a reference, not the key itself", Example: "${ECOMCTL_KEY}", set: setPseudonymKey},
	{Name: "listen", Type: Text, Default: "127.0.0.1:5000", Desc: "address of `serve`; beyond this machine only with keys", Example: "0.0.0.0:5000", Commands: ofServe, check: checkAddress, set: text(func(c *Config) *string { return &c.Listen })},
	{Name: "metrics", Type: Text, Default: "127.0.0.1:8000", Desc: "address of the monitoring page and of Prometheus' /metrics; off = none", Example: `"off"`, Commands: ofServe, check: checkMonitor, set: text(func(c *Config) *string { return &c.Metrics })},
	{Name: "host", Type: List, Desc: "names that requests may call `serve` by, besides addresses and localhost", Example: "[shop.example.org]", Commands: ofServe, set: list(func(c *Config) *[]string { return &c.Hosts })},
	{Name: "keys", Type: Text, Default: "keys.json beside the user's own configuration", Desc: "file of the keys of `serve`", Example: "/etc/ecomctl/keys.json", Commands: ofServe, set: text(func(c *Config) *string { return &c.Keys })},
	{Name: "root", Type: List, Desc: "folders below which requests to `serve` may name inputs (?input=)", Example: "[/srv/shop]", Commands: ofServe, set: list(func(c *Config) *[]string { return &c.Roots })},
	{Name: "cache", Type: Text, Default: "memory", Desc: "where `serve` remembers answers: memory, or redis://host:port/db behind it; a password as ${NAME}, or file:PATH of a file that holds the address", Example: "redis://127.0.0.1:6379/0", Commands: ofServe, check: checkCache, set: setCache},
}

// Find returns a key by its name in files, or nil.
func Find(name string) *Key {
	for _, k := range Keys {
		if k.Name == name {
			return k
		}
	}
	return nil
}

func names() []string {
	out := make([]string, len(Keys))
	for i, k := range Keys {
		out[i] = k.Name
	}
	return out
}

func setMap(c *Config, v value) error {
	if c.Map == nil {
		c.Map = map[string]string{}
	}
	for _, p := range v.pairs {
		c.Map[p.name] = p.value
	}
	return nil
}

func setShare(c *Config, v value) (err error) {
	c.MaxRejects = v.text
	c.MaxRejectsShare, err = ParseShare(v.text)
	return err
}

func setMemory(c *Config, v value) (err error) {
	c.Memory = v.text
	c.MemoryBytes, err = ParseSize(v.text)
	return err
}

func setThreads(c *Config, v value) error {
	n, err := strconv.Atoi(v.text)
	if err != nil || n < 0 || n > 4096 {
		return fault.New(fault.Usage, "%s threads are impossible", v.text).WithHint("give a number from 1 to 4096, or 0 for all processors")
	}
	c.Threads = n
	return nil
}

func setSeed(c *Config, v value) (err error) {
	c.Seed, err = strconv.ParseInt(v.text, 10, 64)
	c.SeedSet = true
	return err
}

func setCache(c *Config, v value) error {
	c.Cache = Secret{raw: v.text, base: v.base}
	return nil
}

func setKafkaPassword(c *Config, v value) error {
	c.KafkaPassword = Secret{raw: v.text, base: v.base}
	return nil
}

func setPseudonymKey(c *Config, v value) error {
	c.PseudonymKey = Secret{raw: v.text, base: v.base}
	return nil
}

// setSegments reads the shop's names of RFM scores.
func setSegments(c *Config, v value) error {
	const how = "write a list of {name: vip, when: \"r = 5 and m = 5\"}"
	if v.node.Kind != yamldoc.List {
		return v.node.Fail(how, "segments is %s, not a list", v.node.Kind)
	}
	c.Segments = nil
	for _, item := range v.node.Items {
		if err := item.Only("a segment", "name", "when"); err != nil {
			return err
		}
		s := Segment{From: item.File + ":" + strconv.Itoa(item.Line)}
		for key, at := range map[string]*string{"name": &s.Name, "when": &s.When} {
			n := item.Get(key)
			if n == nil {
				return item.Fail(how, "a segment has no %s", key)
			}
			var err error
			if *at, err = n.Text(key); err != nil {
				return err
			}
		}
		c.Segments = append(c.Segments, s)
	}
	return nil
}

// setRules reads the shop's clean rules.
func setRules(c *Config, v value) error {
	if v.node.Kind != yamldoc.List {
		return v.node.Fail("write a list of {name, kind, when}", "clean_rules is %s, not a list", v.node.Kind)
	}
	c.Rules = nil
	for _, item := range v.node.Items {
		if err := item.Only("a rule", "name", "kind", "when"); err != nil {
			return err
		}
		r := Rule{Kind: "reject", From: item.File + ":" + strconv.Itoa(item.Line)}
		for _, f := range []struct {
			key string
			at  *string
		}{{"name", &r.Name}, {"kind", &r.Kind}, {"when", &r.When}} {
			n := item.Get(f.key)
			if n == nil {
				if f.key == "kind" {
					continue
				}
				return item.Fail("write {name: test_order, kind: void, when: \"customer_id = 1\"}", "a rule has no %s", f.key)
			}
			var err error
			if *f.at, err = n.Text(f.key); err != nil {
				return err
			}
		}
		switch r.Kind {
		case "reject", "void", "reversal", "outside":
		default:
			return item.Fail("kinds are reject, void, reversal and outside", "rule %s has the kind %q", r.Name, r.Kind)
		}
		c.Rules = append(c.Rules, r)
	}
	return nil
}

package flink

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Topic is what a job reads.
type Topic struct {
	Brokers    []string
	Name       string
	Latest     bool   // start at the end
	OutOfRange string // "fail", "earliest" or "latest", see stream's flag
	Group      string
	ToEnd      bool // end at the offsets that the partitions have when the job starts
	// Properties are further settings of Kafka's client, such as users and TLS.
	Properties []Property
}

// Property is a setting of Kafka's client.
type Property struct{ Name, Value string }

// Table is what a job writes: a table of MySQL or MariaDB with a primary key, whose rows are put in the place of
// earlier ones.
type Table struct {
	Address, Database, Name string // address: host:port
	User, Password          string
}

// Spec is a job that counts a topic's orders by windows.
type Spec struct {
	Name   string // of the job
	Topic  Topic
	Table  Table
	Sample Specs // some records

	Relation *relation.Relation // over Sample
	Query    query.Query        // the measures that windows have, by the dimensions
	Window   time.Duration
	Delay    time.Duration
	Idle     time.Duration // 0 = never
	Key      []string      // tells repeats; none = no deduplication
	Horizon  time.Duration
	Interval time.Duration // between checkpoints
	Clock    sqlgen.Clock
	From     string // path of a savepoint; "" = start anew
}

// RowKey is the column that, with window_start, is the primary key of a table by dimensions: they may be null, and texts of
// any length.
const RowKey = "row_key"

// Script prints the statements of a job. The last one starts it.
func Script(s Spec) ([]Statement, error) {
	if err := s.checkNames(); err != nil {
		return nil, err
	}
	named := append(slices.Clone(s.Key), expr.Columns(s.Query.Where)...)
	for _, d := range s.Query.Dims {
		named = append(named, d.Column)
	}
	for _, u := range s.Relation.Rules {
		named = append(named, expr.Columns(u.When)...)
	}
	r, err := readable(s.Relation, s.Sample, named)
	if err != nil {
		return nil, err
	}
	if !s.currencyClear() {
		return nil, refuse("records with a currency, of which the first decides what is added up").WithHint("add --currency CODE or --by currency")
	}
	columns, err := sqlgen.RecordsTable(r.members, r.at, s.Delay, s.Clock)
	if err != nil {
		return nil, err
	}
	view, err := sqlgen.Records("orders", r.members, s.Clock)
	if err != nil {
		return nil, err
	}
	w, err := sqlgen.WindowsOf(r.rel, "records", "counted", s.Query, s.Window, s.Key)
	if err != nil {
		return nil, err
	}
	reading, err := s.Topic.options()
	if err != nil {
		return nil, err
	}
	sink, into := s.windows(w)
	out := s.settings()
	return append(out,
		Statement{"making the table of the topic", "CREATE TEMPORARY TABLE `orders` (\n  " + columns + "\n) WITH (" + options(reading) + ")"},
		Statement{"making the view of the records", "CREATE TEMPORARY VIEW `records` AS\n" + view},
		Statement{"making the view of what counts", "CREATE TEMPORARY VIEW `counted` AS\n" + w.Counted},
		Statement{"making the table of the windows", sink},
		Statement{"starting the job", into}), nil
}

// currencyClear reports whether all money is of one currency, or split.
func (s *Spec) currencyClear() bool {
	return s.Relation.Find("currency") < 0 || slices.Contains(expr.Columns(s.Query.Where), "currency") ||
		slices.ContainsFunc(s.Query.Dims, func(d query.Dim) bool { return d.Column == "currency" })
}

func (s *Spec) settings() []Statement {
	out := []Statement{
		Set("pipeline.name", s.Name),
		Set("execution.runtime-mode", "streaming"),
		Set("table.local-time-zone", "UTC"), // times are wall times of --tz all the way
		Set("table.exec.source.idle-timeout", Duration(s.Idle)),
		Set("execution.checkpointing.mode", "EXACTLY_ONCE"),
		Set("execution.checkpointing.interval", Duration(s.Interval)),
	}
	if len(s.Key) > 0 { // windows are forgotten when they are complete, whatever this says
		out = append(out, Set("table.exec.state.ttl", Duration(s.Horizon)))
	}
	if s.From != "" {
		out = append(out, Set("execution.savepoint.path", s.From))
	}
	return out
}

// option is one of a table.
type option struct{ key, value string }

func options(list []option) string {
	var b strings.Builder
	for i, o := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  " + Quote(o.key) + " = " + Quote(o.value))
	}
	return b.String() + "\n"
}

// options are those of the table of a topic. Starting by a time is the one way in which Flink does not pass over records
// that the log no longer holds without a word.
func (t *Topic) options() ([]option, error) {
	out := []option{
		{"connector", "kafka"}, {"topic", t.Name}, {"properties.bootstrap.servers", strings.Join(t.Brokers, ",")},
		{"properties.isolation.level", "read_committed"},
		{"scan.topic-partition-discovery.interval", "10 s"},
	}
	if t.Group != "" {
		out = append(out, option{"properties.group.id", t.Group})
	}
	for _, p := range t.Properties {
		out = append(out, option{"properties." + p.Name, p.Value})
	}
	switch {
	case !t.Latest && (t.OutOfRange == "" || t.OutOfRange == "fail"):
		out = append(out, option{"scan.startup.mode", "timestamp"}, option{"scan.startup.timestamp-millis", "0"})
	case !t.Latest && t.OutOfRange == "earliest":
		out = append(out, option{"scan.startup.mode", "earliest-offset"})
	case t.Latest && t.OutOfRange == "latest":
		out = append(out, option{"scan.startup.mode", "latest-offset"})
	default:
		from := map[bool]string{true: "latest", false: "earliest"}[t.Latest]
		return nil, refuse("--from %s with --out-of-range %s: Flink goes on where it started", from, t.OutOfRange).WithHint("add --out-of-range %s", from)
	}
	if t.ToEnd {
		out = append(out, option{"scan.bounded.mode", "latest-offset"})
	}
	return append(out, option{"format", "json"}, option{"json.ignore-parse-errors", "true"}), nil
}

// windows prints the table of the windows, and the statement that fills it.
func (s *Spec) windows(w sqlgen.Windows) (sink, into string) {
	columns, list := []string{"`window_start` STRING NOT NULL", "`window_end` STRING"}, []string{"CAST(`window_start` AS STRING)", "CAST(`window_end` AS STRING)"}
	add := func(name, typ, value string) {
		columns, list = append(columns, ident(name)+" "+typ), append(list, value)
	}
	var key []string
	for _, d := range s.Query.Dims {
		x := ident(d.Name)
		add(d.Name, Types(s.Relation)[d.Column], x)
		// the length before a text tells where it ends
		key = append(key, "CASE WHEN "+x+" IS NULL THEN '-' ELSE CAST(CHAR_LENGTH(CAST("+x+" AS STRING)) AS STRING) || ':' || CAST("+x+" AS STRING) END")
	}
	for _, name := range []string{"revenue", "orders", "units", "customers"} {
		typ, x := map[string]string{"revenue": "DECIMAL(38, 4)", "units": "DOUBLE"}[name], ident(name)
		if typ == "" {
			typ = "BIGINT"
		}
		if !slices.ContainsFunc(s.Query.Measures, func(m query.Measure) bool { return m.Name == name }) {
			x = "CAST(NULL AS " + typ + ")"
		} else if name == "units" { // doubles hold integers up to here
			x = "CASE WHEN ABS(" + x + ") <= 9007199254740992 THEN CAST(" + x + " AS DOUBLE) END"
		}
		add(name, typ, x)
	}
	add("revision", "BIGINT", "CAST(0 AS BIGINT)")
	primary := "`window_start`"
	if len(key) > 0 {
		add(RowKey, "STRING NOT NULL", "SHA256("+strings.Join(key, " || ")+")")
		primary += ", " + ident(RowKey)
	}
	columns = append(columns, "PRIMARY KEY ("+primary+") NOT ENFORCED")
	sink = "CREATE TEMPORARY TABLE `windows` (\n  " + strings.Join(columns, ",\n  ") + "\n) WITH (" + options([]option{
		{"connector", "jdbc"}, {"url", "jdbc:mysql://" + s.Table.Address + "/" + s.Table.Database}, {"table-name", s.Table.Name},
		{"username", s.Table.User}, {"password", s.Table.Password},
		{"sink.buffer-flush.interval", "1 s"}, {"sink.max-retries", "5"}}) + ")"
	return sink, "INSERT INTO `windows`\nSELECT\n  " + strings.Join(list, ",\n  ") + "\nFROM (\n" + w.Answer + "\n)"
}

// Types are Flink's types of the columns that can be dimensions.
func Types(rel *relation.Relation) map[string]string {
	out := map[string]string{}
	for _, c := range rel.Columns {
		switch c.Type {
		case expr.Text:
			out[c.Name] = "STRING"
		case expr.Int:
			out[c.Name] = "BIGINT"
		case expr.Bool:
			out[c.Name] = "BOOLEAN"
		}
	}
	return out
}

// ident quotes a name that sqlgen has taken already.
func ident(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// Print writes statements as a script that Flink's SQL client takes, with secrets left out.
func Print(script []Statement, secrets ...string) string {
	var b strings.Builder
	for _, st := range script {
		text := st.SQL
		for _, s := range secrets {
			if s != "" {
				text = strings.ReplaceAll(text, Quote(s), "'***'")
			}
		}
		fmt.Fprintf(&b, "%s;\n", text)
	}
	return b.String()
}

// CheckSample refuses times that Flink would not read though the local engine does.
func CheckSample(rel *relation.Relation, sample Specs, values func(member string) []string) error {
	i := rel.Find(relation.OrderTS)
	if i < 0 {
		return nil
	}
	c := &rel.Columns[i]
	m, err := member(c, sample, rel.Zone)
	if err != nil || m.Unix {
		return err
	}
	for _, v := range values(c.From) {
		if ok, blank := relation.ReadsTime("", v); ok && !blank && !sqlgen.FlinkTime(v, m.Zone) {
			return fault.New(fault.Usage, "--engine flink: the time %q of member %q, which Flink cannot read", v, c.From).
				WithHint("write times as 2006-01-02 15:04:05, with T or an offset or without; `ecomctl stream` without --engine flink reads it")
		}
	}
	return nil
}

package flink_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine/flink"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
)

var update = flag.Bool("update", false, "write the golden files anew")

const orders = `{"order_id":"o1","order_ts":"2026-01-01T10:00:00","customer_id":"c1","product_id":"p1","quantity":1,"unit_price":2.5,"region":"SP","status":"paid"}
{"order_id":"o2","order_ts":"2026-01-01 10:30:00.5","customer_id":null,"product_id":"p2","quantity":2,"unit_price":1,"region":null,"status":"cancelled"}`

// job is a job over records, with changes.
func job(t *testing.T, text string, set session.Settings, by string, change func(s *flink.Spec)) ([]flink.Statement, error) {
	t.Helper()
	ds, err := ndjson.Open(t.Context(), "the records", strings.NewReader(text), int64(len(text)), ndjson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := session.Of(&session.Host{Getenv: func(string) string { return "" }, Now: func() time.Time { return now }}, set, ds)
	if err := s.Relate(t.Context(), "orders", false); err != nil {
		t.Fatal(err)
	}
	s.Req.Params = map[string]string{"measure": "revenue,orders,units,customers", "by": by}
	plan, err := analysis.Query.Plan(s.Req)
	if err != nil {
		t.Fatal(err)
	}
	spec := flink.Spec{Name: "windows", Topic: flink.Topic{Brokers: []string{"broker:9092"}, Name: "orders"}, Table: flink.Table{Address: "db:3306", Database: "shop", Name: "hours", User: "shop", Password: "s'3cret"},
		Sample: ds, Relation: s.Rel, Query: plan.Queries[0], Window: time.Hour, Delay: 10 * time.Second, Idle: time.Minute, Interval: 10 * time.Second, Clock: sqlgen.Clock{Fixed: true, Wall: now.UnixMicro()}}
	if change != nil {
		change(&spec)
	}
	if err := flink.CheckSample(spec.Relation, ds, func(string) []string { return nil }); err != nil {
		return nil, err
	}
	return flink.Script(spec)
}

func TestGoldenScripts(t *testing.T) {
	const login = `PlainLoginModule required username="shop" password="s'3cret";`
	for name, c := range map[string]struct {
		set    session.Settings
		by     string
		change func(s *flink.Spec)
	}{
		"plain": {},
		"everything": {session.Settings{Net: true, Where: "unit_price > 1"}, "region", func(s *flink.Spec) {
			s.Key, s.Horizon, s.From = []string{"order_id", "product_id"}, 25*time.Hour, "hdfs://x/savepoint-1"
			s.Topic.Properties = []flink.Property{{Name: "security.protocol", Value: "SASL_SSL"}, {Name: "sasl.jaas.config", Value: login}}
			s.Topic.Group, s.Topic.ToEnd, s.Clock = "shop", true, sqlgen.Clock{Zone: "America/Sao_Paulo"}
		}},
	} {
		script, err := job(t, orders, c.set, c.by, c.change)
		if err != nil {
			t.Fatal(name, err)
		}
		got := []byte(flink.Print(script, login, "s'3cret"))
		path := filepath.Join("testdata", name+".sql")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s has changed (go test -update writes it anew):\n%s", path, got)
		}
		if bytes.Contains(got, []byte("3cret")) {
			t.Errorf("%s holds the password", name)
		}
	}
}

// What Flink cannot honour is refused by name.
func TestRefusals(t *testing.T) {
	replaced := func(old, with string) string { return strings.ReplaceAll(orders, old, with) }
	for name, c := range map[string]struct {
		text   string
		set    session.Settings
		by     string
		change func(s *flink.Spec)
		want   string
	}{
		"times by name of month": {text: strings.NewReplacer("2026-01-01T10:00:00", "1 Jan 2026 10:00", "2026-01-01 10:30:00.5", "1 Jan 2026 10:30").Replace(orders), want: "order_ts"},
		"a zone for instants":    {text: strings.NewReplacer("2026-01-01T10:00:00", "2026-01-01T10:00:00Z", "2026-01-01 10:30:00.5", "2026-01-01 10:30:00-03:00").Replace(orders), set: session.Settings{TZ: "America/Sao_Paulo"}, want: "America/Sao_Paulo"},
		"a dimension of doubles": {by: "unit_price", want: "unit_price"},
		"a dimension of times":   {by: "order_ts", want: "order_ts"},
		"several currencies":     {text: replaced(`"region"`, `"currency":"EUR","region"`), want: "currency"},
		"regular expressions":    {set: session.Settings{Where: "matches(region, '^S')"}, want: "regular expressions"},
		"from latest":            {change: func(s *flink.Spec) { s.Topic.Latest = true }, want: "--out-of-range"},
		"out of range elsewhere": {change: func(s *flink.Spec) { s.Topic.OutOfRange = "latest" }, want: "--out-of-range latest"},
		"a long delay":           {change: func(s *flink.Spec) { s.Delay = 3000 * time.Hour }, want: "3000h"},
	} {
		if c.text == "" {
			c.text = orders
		}
		_, err := job(t, c.text, c.set, c.by, c.change)
		if err == nil || fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A sample with a time that only the local engine reads is refused, with the time.
func TestCheckSample(t *testing.T) {
	ds, err := ndjson.Open(t.Context(), "the records", strings.NewReader(orders), int64(len(orders)), ndjson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := session.Of(&session.Host{Getenv: func(string) string { return "" }, Now: func() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) }}, session.Settings{}, ds)
	if err := s.Relate(t.Context(), "orders", false); err != nil {
		t.Fatal(err)
	}
	err = flink.CheckSample(s.Rel, ds, func(string) []string { return []string{"2026-01-01T10:00:00", "NA", "nothing", "2026-1-1 3:04 PM"} })
	if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "2026-1-1 3:04 PM") {
		t.Error(err)
	}
}

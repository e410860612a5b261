package catalog_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/catalog"
	"github.com/ecomctl/ecomctl/internal/session"
)

var start = time.Date(2026, 6, 1, 6, 30, 0, 0, time.UTC)

// clock is a clock that the test moves.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(start.UnixNano())
	return c
}

func (c *clock) now() time.Time      { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) add(d time.Duration) { c.ns.Add(int64(d)) }

// counter counts computations.
type counter struct {
	serve.NoMetrics
	n atomic.Int64
}

func (c *counter) Computed(string, time.Duration, error) { c.n.Add(1) }

func config(c *clock) catalog.Config {
	return catalog.Config{Host: session.Host{Getenv: func(string) string { return "" }, Now: c.now}, Memory: 512 << 20, Version: "1", Models: "off"}
}

func open(t *testing.T, conf catalog.Config) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func data(name string) string { return filepath.Join("..", "..", "..", "testdata", name) }

func csv(t *testing.T, tab *result.Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.Write(&b, "csv", tab, render.Options{Header: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// orders writes a small file of orders; money is the price of the only line.
func orders(t *testing.T, path string, money string) {
	t.Helper()
	text := "order_id,order_ts,customer_id,product_id,quantity,unit_price\n1,2024-01-01,c1,p1,1," + money + "\n"
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, path); err != nil {
		t.Fatal(err)
	}
}

func TestSameNumbersAsTheEngine(t *testing.T) {
	conf := config(newClock())
	conf.Sources = []catalog.Source{{Name: "shop", Inputs: []string{data("shop.csv")}}, {Name: "events", Inputs: []string{data("clicks.csv")}, Table: "events"}}
	c := open(t, conf)
	for _, name := range []string{"sales", "geo", "rfm", "segments", "cohort", "features"} {
		ans, err := c.Table(t.Context(), serve.Ask{Analysis: name, Scope: serve.Scope{From: "2024-02-01", To: "2024-11-01", Where: "quantity > 0"}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d := analysis.Get(name)
		s, err := session.OpenFor(t.Context(), &conf.Host, session.Settings{From: "2024-02-01", To: "2024-11-01", Where: "quantity > 0"}, d, "", []string{data("shop.csv")})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Params {
			s.Req.Params[p.Name] = p.Default
		}
		eng, err := s.Engine()
		if err != nil {
			t.Fatal(err)
		}
		res, err := analysis.Run(t.Context(), eng, d, s.Req)
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := csv(t, ans.Table), csv(t, res.Main); got != want {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
	}
	if _, err := c.Table(t.Context(), serve.Ask{Analysis: "funnel"}); err != nil { // finds the events by itself
		t.Error(err)
	}
	sets := c.Datasets()
	if len(sets) != 2 || sets[0].Table != "orders" || sets[1].Table != "events" || sets[0].State != serve.Ready || sets[0].Rows != 2000 || sets[0].Digest == "" {
		t.Errorf("%+v", sets)
	}
	doc, err := c.Report(t.Context(), serve.Ask{Scope: serve.Scope{Lang: "zh", From: "2024-03-01"}})
	if err != nil || len(doc.Views) < 3 || doc.Lang != "zh" || !strings.Contains(doc.Provenance.Command, "ecomctl report") || !strings.Contains(doc.Provenance.Command, "--from 2024-03-01") {
		t.Errorf("%v %+v", err, doc)
	}
}

// TestTags shows that a tag follows everything that an answer depends on, and nothing else.
func TestTags(t *testing.T) {
	base := serve.Ask{Analysis: "sales", Scope: serve.Scope{From: "2024-01-01"}}
	clk := newClock()
	conf := config(clk)
	conf.Sources = []catalog.Source{{Name: "shop", Inputs: []string{data("shop.csv")}}}
	tag := func(c *catalog.Catalog, q serve.Ask) string {
		t.Helper()
		s, err := c.Tag(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	c := open(t, conf)
	want := tag(c, base)
	clk.add(48 * time.Hour)
	if tag(c, base) != want {
		t.Error("the tag follows the clock though no row lies in the future")
	}
	with := base
	with.Params = map[string]string{"by": "day"}
	if tag(c, with) != want {
		t.Error("a stated default makes another tag")
	}
	other := conf
	other.Settings.Threads, other.Memory = 1, 256<<20
	if tag(open(t, other), base) != want {
		t.Error("the tag follows how it is computed")
	}
	seen := map[string]string{want: "base"}
	differs := func(name, tag string) {
		t.Helper()
		if old, dup := seen[tag]; dup {
			t.Errorf("%s has the tag of %s", name, old)
		}
		seen[tag] = name
	}
	for name, change := range map[string]func(*serve.Ask){
		"analysis": func(q *serve.Ask) { q.Analysis = "rfm" }, "report": func(q *serve.Ask) { q.Analysis = "" },
		"param": func(q *serve.Ask) { q.Params = map[string]string{"by": "week"} }, "from": func(q *serve.Ask) { q.From = "2024-01-02" },
		"to": func(q *serve.Ask) { q.To = "2024-05-01" }, "as of": func(q *serve.Ask) { q.AsOf = "2024-05-01" }, "net": func(q *serve.Ask) { q.Net = true },
		"where": func(q *serve.Ask) { q.Where = "quantity > 1" }, "currency": func(q *serve.Ask) { q.Currency = "GBP" }, "lang": func(q *serve.Ask) { q.Lang = "zh" },
	} {
		q := base
		change(&q)
		differs(name, tag(c, q))
	}
	for name, change := range map[string]func(*catalog.Config){
		"version": func(c *catalog.Config) { c.Version = "2" }, "zone": func(c *catalog.Config) { c.Settings.TZ = "Asia/Tokyo" },
		"dedupe": func(c *catalog.Config) { c.Settings.Dedupe = true }, "pseudonyms": func(c *catalog.Config) { c.Pseudonym = strings.ToUpper },
		"file": func(c *catalog.Config) {
			c.Sources = []catalog.Source{{Name: "shop", Inputs: []string{data("shop_dirty.csv")}}}
		},
	} {
		o := conf
		change(&o)
		differs(name, tag(open(t, o), base))
	}
}

func TestChangedFilesAreNoticed(t *testing.T) {
	clk := newClock()
	dir := t.TempDir()
	path := filepath.Join(dir, "orders.csv")
	orders(t, path, "10")
	conf := config(clk)
	conf.Sources = []catalog.Source{{Name: "file", Inputs: []string{path}}, {Name: "folder", Inputs: []string{dir}}, {Name: "glob", Inputs: []string{filepath.Join(dir, "*.csv")}}}
	c := open(t, conf)
	revenue := func(set string) string {
		t.Helper()
		for {
			ans, err := c.Table(t.Context(), serve.Ask{Analysis: "sales", Dataset: set})
			var busy *serve.Busy
			if errors.As(err, &busy) { // it says that it loads
				if err := c.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err != nil {
				return err.Error()
			}
			return strings.Split(strings.Split(csv(t, ans.Table), "\n")[1], ",")[1]
		}
	}
	all := []string{"file", "folder", "glob"}
	for _, set := range all {
		if got := revenue(set); got != "10" {
			t.Errorf("%s: %s", set, got)
		}
	}
	orders(t, path, "25")
	clk.add(2 * time.Second)
	for _, set := range all {
		if got := revenue(set); got != "25" {
			t.Errorf("%s after a change: %s", set, got)
		}
	}
	orders(t, filepath.Join(dir, "more.csv"), "5")
	clk.add(2 * time.Second)
	for set, want := range map[string]string{"file": "25", "folder": "30", "glob": "30"} {
		if got := revenue(set); got != want {
			t.Errorf("%s after a new file: %s, want %s", set, got, want)
		}
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	clk.add(2 * time.Second)
	if got := revenue("file"); !strings.Contains(got, "no such file") {
		t.Errorf("a file that went: %s", got)
	}
	orders(t, path, "7")
	clk.add(2 * time.Second)
	revenue("file") // it is noticed by a question
	if err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := revenue("file"); got != "7" {
		t.Errorf("a file that came back: %s", got)
	}
}

// TestDatabasesAreReadAnew shows that a changed database is noticed after a while, and that nobody is
// refused while it is read.
// TestFailuresAreTold: who comes back as Retry-After says learns the cause, however often, and gets the
// answer when the file is there.
func TestFailuresAreTold(t *testing.T) {
	clk := newClock()
	path := filepath.Join(t.TempDir(), "orders.csv")
	conf := config(clk)
	conf.Sources = []catalog.Source{{Name: "shop", Inputs: []string{path}}}
	c := open(t, conf)
	ask := func() error {
		clk.add(2 * time.Second)
		_, err := c.Table(t.Context(), serve.Ask{Analysis: "sales", Dataset: "shop"})
		return err
	}
	for range 3 {
		if err := ask(); fault.KindOf(err) != fault.NotFound {
			t.Fatalf("a file that is not there: %v", err)
		}
	}
	orders(t, path, "10")
	_ = ask() // sees that the file has come, and reads it
	if err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Errorf("the file is there: %v", err)
	}
}

func TestDatabasesAreReadAnew(t *testing.T) {
	clk := newClock()
	path := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(60000)") // the server reads it meanwhile
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{"CREATE TABLE orders (order_id TEXT, order_ts TEXT, product_id TEXT, quantity INTEGER, unit_price REAL)",
		"INSERT INTO orders VALUES ('1', '2024-01-01', 'p', 1, 10)"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	conf := config(clk)
	conf.Sources = []catalog.Source{{Name: "db", Inputs: []string{"sqlite:" + path + "?table=orders"}}}
	c := open(t, conf)
	revenue := func() (string, string) {
		t.Helper()
		ans, err := c.Table(t.Context(), serve.Ask{Analysis: "sales"})
		if err != nil {
			t.Fatal(err) // also when it is busy
		}
		return strings.Split(strings.Split(csv(t, ans.Table), "\n")[1], ",")[1], ans.Tag
	}
	first, tag := revenue()
	if _, err := db.Exec("INSERT INTO orders VALUES ('2', '2024-01-01', 'p', 1, 5)"); err != nil {
		t.Fatal(err)
	}
	clk.add(2 * time.Second)
	if same, again := revenue(); same != first || again != tag {
		t.Errorf("it is read anew at once: %s", same)
	}
	clk.add(10 * time.Minute)
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if got, again := revenue(); got == "15" && again != tag {
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("the change is not noticed")
		}
	}
}

func TestFutureRowsFollowTheClock(t *testing.T) {
	clk := newClock()
	path := filepath.Join(t.TempDir(), "orders.csv")
	text := "order_id,order_ts,product_id,quantity,unit_price\n1,2026-05-01,p,1,10\n2,2026-06-03T12:00:00,p,1,5\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	conf := config(clk)
	conf.Sources = []catalog.Source{{Name: "f", Inputs: []string{path}}}
	c := open(t, conf)
	orders := func() (n string, tag string) {
		ans, err := c.Table(t.Context(), serve.Ask{Analysis: "sales", Params: map[string]string{"by": "year"}})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.Split(csv(t, ans.Table), "\n")[1], ",")[1], ans.Tag
	}
	first, tag := orders()
	clk.add(36 * time.Hour)
	second, later := orders()
	if first != "10" || second != "15" || tag == later {
		t.Errorf("%s then %s; tags equal: %v", first, second, tag == later)
	}
}

func TestRoots(t *testing.T) {
	clk := newClock()
	base := t.TempDir()
	root, secret := filepath.Join(base, "root"), filepath.Join(base, "root-but-not-really")
	for _, dir := range []string{filepath.Join(root, "sub"), secret} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	orders(t, filepath.Join(root, "in.csv"), "1")
	orders(t, filepath.Join(root, "sub", "in.csv"), "2")
	orders(t, filepath.Join(secret, "out.csv"), "3")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink(filepath.Join(secret, "out.csv"), filepath.Join(root, "link.csv")))
	must(os.Symlink(secret, filepath.Join(root, "linked")))
	must(os.Symlink(filepath.Join(root, "in.csv"), filepath.Join(root, "inner.csv")))
	must(os.MkdirAll(filepath.Join(root, "trap"), 0o750))
	orders(t, filepath.Join(root, "trap", "a.csv"), "1")
	must(os.Symlink(filepath.Join(secret, "out.csv"), filepath.Join(root, "trap", "b.csv")))
	conf := config(clk)
	conf.Roots = []string{root}
	c := open(t, conf)
	ask := func(in string) error {
		_, err := c.Table(t.Context(), serve.Ask{Analysis: "sales", Input: in})
		return err
	}
	for _, in := range []string{"in.csv", "sub", "sub/in.csv", "./sub/../in.csv", filepath.Join(root, "in.csv"), "inner.csv"} {
		if err := ask(in); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
	for _, in := range []string{"../root-but-not-really/out.csv", filepath.Join(secret, "out.csv"), "link.csv", "linked", "linked/out.csv", "trap", "/etc/passwd",
		"../../../../../../etc/passwd", "*.csv", "nothing.csv", "in.csv\x00", "", "..", "mysql://u:p@host/db?table=x", "sqlite:x.db", "hdfs://h/x", "-"} {
		err := ask(in)
		if in == "" {
			continue // asks for a dataset
		}
		if err == nil || fault.KindOf(err) != fault.NotFound || strings.Contains(err.Error(), "permission") {
			t.Errorf("%q: %v", in, err)
		}
	}
	if _, err := c.Table(t.Context(), serve.Ask{Analysis: "sales", Input: "in.csv", Dataset: "x"}); fault.KindOf(err) != fault.Usage {
		t.Errorf("input and dataset: %v", err)
	}
	for i := range 100 { // what is known of inputs stays bounded
		orders(t, filepath.Join(root, fmt.Sprintf("n%d.csv", i)), "1")
		if err := ask(fmt.Sprintf("n%d.csv", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Known(); n > 40 {
		t.Errorf("%d inputs are known", n)
	}
}

func TestOneComputationForAll(t *testing.T) {
	count := &counter{}
	conf := config(newClock())
	conf.Sources = []catalog.Source{{Name: "shop", Inputs: []string{data("shop.csv")}}}
	conf.Metrics = count
	c := open(t, conf)
	if _, err := c.Report(t.Context(), serve.Ask{}); err != nil { // the first report is made anyway
		t.Fatal(err)
	}
	before := count.n.Load()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.Table(t.Context(), serve.Ask{Analysis: "rfm"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count.n.Load() - before; n != 1 {
		t.Errorf("%d computations", n)
	}
}

// TestGate fills the computations and their queue.
func TestGate(t *testing.T) {
	conf := config(newClock())
	conf.Sources = []catalog.Source{{Name: "shop", Inputs: []string{data("shop.csv")}}}
	conf.Concurrency, conf.Queue = 1, 2
	c := open(t, conf)
	if _, err := c.Report(t.Context(), serve.Ask{}); err != nil {
		t.Fatal(err)
	}
	begun, goOn := make(chan struct{}), make(chan struct{})
	slow := func(ctx context.Context, what string) error {
		_, err := c.Compute(ctx, serve.Ask{}, what, func(context.Context, engine.Engine, *analysis.Request) (any, error) {
			select {
			case begun <- struct{}{}:
			default:
			}
			<-goOn
			return what, nil
		})
		return err
	}
	results := make(chan error, 10)
	go func() { results <- slow(t.Context(), "first") }()
	<-begun
	for i := range 2 {
		go func() { results <- slow(t.Context(), fmt.Sprint(i)) }()
	}
	for begunAt := time.Now(); ; time.Sleep(time.Millisecond) {
		if running, waiting := c.Load(); running == 1 && waiting == 2 {
			break
		} else if time.Since(begunAt) > time.Minute {
			t.Fatalf("%d run, %d wait", running, waiting)
		}
	}
	err := slow(t.Context(), "too many")
	if n, ok := serve.RetryAfter(err); !ok || n < 1 || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("the fourth gets %v", err)
	}
	go func() { results <- slow(serve.WithPatience(t.Context()), "patient") }()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := slow(gone, "gone"); err == nil {
		t.Error("who has gone is answered")
	}
	close(goOn)
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestPseudonyms(t *testing.T) {
	conf := config(newClock())
	conf.Sources = []catalog.Source{{Name: "shop", Inputs: []string{data("shop.csv")}}}
	plain, err := open(t, conf).Table(t.Context(), serve.Ask{Analysis: "rfm"})
	if err != nil {
		t.Fatal(err)
	}
	conf.Pseudonym = func(id string) string { return "hidden-" + fmt.Sprint(len(id)) }
	ans, err := open(t, conf).Table(t.Context(), serve.Ask{Analysis: "rfm"})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range strings.Split(strings.TrimSpace(csv(t, ans.Table)), "\n")[1:] {
		if !strings.HasPrefix(row, "hidden-") {
			t.Fatalf("row %s", row)
		}
	}
	if ans.Table.N != plain.Table.N || ans.Table.N == 0 {
		t.Errorf("%d rows, %d without pseudonyms", ans.Table.N, plain.Table.N)
	}
}

func TestBadQuestions(t *testing.T) {
	conf := config(newClock())
	conf.Sources = []catalog.Source{{Name: "shop", Inputs: []string{data("shop.csv")}}, {Name: "gone", Inputs: []string{"no such file.csv"}}}
	c := open(t, conf)
	for _, k := range []struct {
		q    serve.Ask
		kind fault.Kind
		says string
	}{
		{serve.Ask{Analysis: "nope"}, fault.NotFound, "no analysis"},
		{serve.Ask{Analysis: "sales", Dataset: "nope"}, fault.NotFound, "no dataset"},
		{serve.Ask{Analysis: "sales", Dataset: "gone"}, fault.NotFound, "no such file"},
		{serve.Ask{Analysis: "funnel"}, fault.NotFound, "no table of events"},
		{serve.Ask{Analysis: "sales", Params: map[string]string{"x": "y"}}, fault.Usage, "no parameter"},
		{serve.Ask{Analysis: "cluster", Params: map[string]string{"apply": "/etc/passwd"}}, fault.Usage, "names a file"},
		{serve.Ask{Analysis: "sales", Scope: serve.Scope{Where: "nope = 1"}}, fault.Usage, "nope"},
		{serve.Ask{Analysis: "sales", Scope: serve.Scope{From: "2024-02-02", To: "2024-02-01"}}, fault.Usage, "not before"},
		{serve.Ask{Analysis: "sales", Scope: serve.Scope{Lang: "xx"}}, fault.Usage, "languages"},
		{serve.Ask{Analysis: "sales", Params: map[string]string{"by": "nope"}}, fault.Usage, "nope"},
	} {
		_, err := c.Table(t.Context(), k.q)
		if err == nil || fault.KindOf(err) != k.kind || !strings.Contains(err.Error(), k.says) {
			t.Errorf("%+v: %v", k.q, err)
		}
	}
	if err := c.Add(catalog.Source{Name: "in", Inputs: []string{"-"}}); fault.KindOf(err) != fault.Usage {
		t.Errorf("standard input: %v", err)
	}
	if err := c.Add(catalog.Source{Name: "shop", Inputs: []string{"x"}}); fault.KindOf(err) != fault.Locked {
		t.Errorf("a name twice: %v", err)
	}
	if err := c.Remove("gone"); err != nil || len(c.Datasets()) != 1 {
		t.Errorf("%v, %d left", err, len(c.Datasets()))
	}
	if _, err := catalog.New(t.Context(), catalog.Config{Host: conf.Host, Roots: []string{"no such folder"}}); err == nil {
		t.Error("a root that is not there is taken")
	}
}

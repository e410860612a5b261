package serve_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/test/harness"
)

// TestNewcomer starts the server on a file of the tree and has answers within ten seconds.
func TestNewcomer(t *testing.T) {
	harness.Binary(t)
	begun := time.Now()
	s := start(t, "shop.csv")
	s.ok("/api/v1/sales/daily?start_date=2024-01-01&end_date=2024-01-31")
	s.ok("/api/v1/users/segments")
	s.ok("/api/docs")
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the first answers came after %s", took)
	}
	if took := s.stop(); took > 10*time.Second {
		t.Errorf("it stopped after %s", took)
	}
}

// TestEndDateIsIncluded asks for the days of one month in both ways.
func TestEndDateIsIncluded(t *testing.T) {
	s := start(t, "shop.csv")
	type row struct{ Date string }
	rows := decode[[]row](t, s.ok("/api/v1/sales/daily?start_date=2024-01-02&end_date=2024-01-31"))
	if n := len(rows); n != 30 || rows[0].Date != "2024-01-02" || rows[n-1].Date != "2024-01-31" {
		t.Errorf("%d days: %+v", n, rows)
	}
	a, b := s.ok("/api/v1/sales/daily?start_date=2024-01-02&end_date=2024-01-31"), s.ok("/api/v1/sales?from=2024-01-02&to=2024-02-01")
	if !bytes.Equal(a, b) {
		t.Error("the two ways differ")
	}
	if one := decode[[]row](t, s.ok("/api/v1/sales/daily?start_date=2024-01-05&end_date=2024-01-05")); len(one) != 1 || one[0].Date != "2024-01-05" {
		t.Errorf("one day: %+v", one)
	}
	if months := decode[[]row](t, s.ok("/api/v1/sales/monthly")); len(months) != 12 {
		t.Errorf("%d months", len(months))
	}
}

// TestSameBytesAsTheCommand compares every analysis in every representation with what the command
// line writes into a pipe.
func TestSameBytesAsTheCommand(t *testing.T) {
	s := start(t, "shop.csv", "--events", "clicks.csv")
	root := filepath.Join(harness.Root(t), "testdata")
	compared := 0
	for _, d := range analysis.All() {
		file := "shop.csv"
		if d.Table == "events" {
			file = "clicks.csv"
		}
		for format, media := range map[string]string{"json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson",
			"arrow": "application/vnd.apache.arrow.stream", "parquet": "application/vnd.apache.parquet"} {
			args := append(strings.Fields(d.Name), file, "--format", format)
			query := ""
			switch d.Name {
			case "forecast":
				args, query = append(args, "--horizon", "7"), "?horizon=7"
			case "query":
				args, query = append(args, "--by", "region"), "?by=region"
			}
			want := harness.Run(t, root, args...)
			res, got := s.get("/api/v1/"+strings.ReplaceAll(d.Name, " ", "/")+query, "Accept: "+media)
			if want.Code != 0 { // what the command cannot answer, neither can the server, for the same reason
				if res.StatusCode < 400 || res.StatusCode >= 500 {
					t.Errorf("%s: the command ends with %d (%s), the server answers %s", d.Name, want.Code, want.Stderr, res.Status)
				}
				break
			}
			if res.StatusCode != http.StatusOK || !bytes.Equal(got, want.Stdout) {
				t.Errorf("%s as %s: %s, %d bytes, the command writes %d", d.Name, format, res.Status, len(got), len(want.Stdout))
			}
			compared++
		}
	}
	if compared < 50 {
		t.Errorf("only %d answers were compared", compared)
	}
}

func TestReportJob(t *testing.T) {
	s := start(t, "shop.csv")
	res, err := http.Post(s.url("/api/v1/reports"), "application/json", strings.NewReader(`{"title":"Monday","from":"2024-03-01"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Fatalf("%s", res.Status)
	}
	type job struct{ State, Result string }
	at := res.Header.Get("Location")
	j := decode[job](t, s.ok(at))
	for begun := time.Now(); j.State != "done" && time.Since(begun) < 2*time.Minute; time.Sleep(10 * time.Millisecond) {
		j = decode[job](t, s.ok(at))
	}
	if page := s.ok(j.Result); !bytes.Contains(page, []byte("Monday")) || !bytes.Contains(page, []byte("--from 2024-03-01")) {
		t.Errorf("%d bytes of a page without its title or its command", len(page))
	}
}

// TestBeyondThisMachine shows that others need a key, and the server refuses to start without one.
func TestBeyondThisMachine(t *testing.T) {
	root := filepath.Join(harness.Root(t), "testdata")
	r := harness.Run(t, root, "serve", "shop.csv", "--listen", "0.0.0.0:0")
	if r.Code != 2 || !strings.Contains(string(r.Stderr), "serve keys add") {
		t.Errorf("exit %d: %s", r.Code, r.Stderr)
	}
	keys := filepath.Join(t.TempDir(), "keys.json")
	key := strings.TrimSpace(string(harness.Must(t, root, "serve", "keys", "add", "test", "--keys", keys)))
	s := launch(t, "shop.csv", "--listen", "0.0.0.0:0", "--keys", keys, "--metrics", "off", "--rate", "1000")
	_, port, _ := strings.Cut(strings.ReplaceAll(s.addr, "[::]", ""), ":")
	s.addr = "127.0.0.1:" + port
	s.ready()
	if res, b := s.get("/api/v1/sales"); res.StatusCode != http.StatusUnauthorized || !bytes.Contains(b, []byte("no key")) {
		t.Errorf("without a key: %s %s", res.Status, b)
	}
	s.ok("/api/v1/sales", "Authorization: Bearer "+key)
	if res, _ := s.get("/api/v1/sales", "Authorization: Bearer "+key[:len(key)-1]+"x"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("with a wrong key: %s", res.Status)
	}
	if list := string(harness.Must(t, root, "serve", "keys", "list", "--keys", keys)); !strings.Contains(list, "test,read,") || strings.Contains(list, key) {
		t.Errorf("the list is %q", list)
	}
	harness.Must(t, root, "serve", "keys", "revoke", "test", "--keys", keys)
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if res, _ := s.get("/api/v1/sales", "Authorization: Bearer "+key); res.StatusCode == http.StatusUnauthorized {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("a revoked key stays good")
		}
	}
	if strings.Contains(s.said(), key) {
		t.Error("the log holds a key")
	}
}

// TestChangedFile replaces the served file.
func TestChangedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.csv")
	write := func(price string) {
		t.Helper()
		text := "order_id,order_ts,customer_id,product_id,quantity,unit_price\n1,2024-01-01,c,p,1," + price + "\n"
		if err := os.WriteFile(path+".tmp", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".tmp", path); err != nil {
			t.Fatal(err)
		}
	}
	write("10")
	s := start(t, path)
	res, b := s.get("/api/v1/sales?format=csv")
	if !bytes.Contains(b, []byte("2024-01-01,10,")) {
		t.Fatalf("%s", b)
	}
	if again, _ := s.get("/api/v1/sales?format=csv", "If-None-Match: "+res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("%s for what the client has", again.Status)
	}
	write("12.5")
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		again, b := s.get("/api/v1/sales?format=csv", "If-None-Match: "+res.Header.Get("ETag"))
		switch again.StatusCode {
		case http.StatusNotModified, http.StatusServiceUnavailable: // within a second of the last look, and while it loads
		case http.StatusOK:
			if !bytes.Contains(b, []byte("2024-01-01,12.5,")) {
				t.Errorf("%s", b)
			}
			return
		default:
			t.Fatalf("%s %s", again.Status, b)
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("the change is not noticed")
		}
	}
}

func TestUsage(t *testing.T) {
	root := filepath.Join(harness.Root(t), "testdata")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"serve"}, 2, "no input"},
		{[]string{"serve", "-"}, 2, "standard input"},
		{[]string{"serve", "shop.csv", "--listen", "nonsense"}, 2, "not an address"},
		{[]string{"serve", "shop.csv", "--listen", "127.0.0.1:99999"}, 1, "listening on"},
		{[]string{"serve", "shop.csv", "--root", "nothing", "--listen", "127.0.0.1:0"}, 1, "--root"},
		{[]string{"serve", "shop.csv", "--cache", "memcached://x", "--listen", "127.0.0.1:0"}, 2, "redis://"},
		{[]string{"serve", "shop.csv", "--cache", "redis://:secret@h:x/0", "--listen", "127.0.0.1:0"}, 2, "address of Redis"},
		{[]string{"serve", "shop.csv", "--cache-size", "lots", "--listen", "127.0.0.1:0"}, 2, "--cache-size"},
		{[]string{"serve", "shop.csv", "--pseudonymise", "--listen", "127.0.0.1:0"}, 2, "ECOMCTL_PSEUDONYM_KEY"},
		{[]string{"serve", "shop.csv", "--keys", "none.json", "--listen", "127.0.0.1:0"}, 2, "no key in it that is good"},
		{[]string{"serve", "keys", "add", "a b"}, 2, "no name"},
		{[]string{"serve", "keys", "add", "x", "--expires", "soon"}, 2, "90d"},
	} {
		r := harness.Run(t, root, append(c.args, "--no-progress")[:len(c.args)]...)
		if r.Code != c.code || !strings.Contains(string(r.Stderr), c.says) || strings.Contains(string(r.Stderr), "secret@") {
			t.Errorf("%v: exit %d: %s", c.args, r.Code, r.Stderr)
		}
	}
}

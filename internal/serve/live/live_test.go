package live

import (
	"database/sql"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve/web"
)

const rows = `{"window_start":"2026-01-01T09:00:00Z","window_end":"2026-01-01T10:00:00Z","region":"SP","revenue":100,"orders":3,"units":4,"customers":2,"revision":0}
{"window_start":"2026-01-01T09:00:00Z","window_end":"2026-01-01T10:00:00Z","region":null,"revenue":0.0001,"orders":1,"units":1,"customers":0,"revision":0}
{"window_start":"2026-01-01T10:00:00Z","window_end":"2026-01-01T11:00:00Z","region":"<script>alert(1)</script>","revenue":50.5,"orders":1,"units":1,"customers":1,"revision":0}
{"window_start":"2026-01-01T09:00:00Z","window_end":"2026-01-01T10:00:00Z","region":"SP","revenue":-7.25,"orders":3,"units":4,"customers":2,"revision":1}
`

// TestParse: the last revision of a group holds, money is exact, and a line that is being written is left for the next look.
func TestParse(t *testing.T) {
	b, err := parse(strings.NewReader(rows+`{"window_start":"2026-01-01T11:0`), false)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(b.By) != "[region]" || len(b.Windows) != 2 || b.Windows[0].Money != -72499 || len(b.Windows[0].Rows) != 2 || b.Windows[0].Rows[0].Groups[0] != "" || b.Windows[1].Money != 505000 {
		t.Fatalf("%+v", b)
	}
	if b, err := parse(strings.NewReader("cut off\n"+rows), true); err != nil || len(b.Windows) != 2 {
		t.Fatalf("%+v, %v", b, err)
	}
	for _, bad := range []string{"junk\n", "{}\n", "[]\n", `{"window_start":"x","window_end":"y","revenue":1,"revision":0}` + "\n", `{"a":{"b":1}}` + "\n"} {
		if _, err := parse(strings.NewReader(bad), false); fault.KindOf(err) != fault.Input || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if b, err := parse(strings.NewReader(""), false); err != nil || len(b.Windows) != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
}

func TestMoney(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1": 10000, "-0.5": -5000, "12.3456": 123456, "12.345600": 123456, "7.": 70000} {
		if v, ok := money(text); !ok || v != want {
			t.Errorf("%s: %d, %t", text, v, ok)
		}
	}
	for _, text := range []string{"", "-", "1.23456", "x", "--1", "+1", "1e3", "99999999999999999999"} {
		if v, ok := money(text); ok {
			t.Errorf("%q is %d", text, v)
		}
	}
}

// page asks for the page of a source.
func page(t *testing.T, source, query string) (int, string) {
	t.Helper()
	pg, err := New(Options{Source: source, Frame: web.NewFrame("Shop", "", ""), Now: func() time.Time { return time.Now().Add(time.Hour) }, Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	pg.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path+query, http.NoBody))
	return w.Code, html.UnescapeString(strings.ReplaceAll(w.Body.String(), "&lt;", "‹"))
}

// TestPage: the page says the finding with its number, keeps hostile names harmless, and says what is missing.
func TestPage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "windows.ndjson")
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	code, text := page(t, file, "")
	if code != http.StatusOK || !strings.Contains(text, "2026-01-01 10:00–11:00 took 50.50") || !strings.Contains(text, "has not changed for") || strings.Contains(text, "<script>alert") {
		t.Fatalf("%d\n%s", code, text)
	}
	if code, zh := page(t, file, "?lang=zh"); code != http.StatusOK || !strings.Contains(zh, "最近一个窗口") {
		t.Fatalf("%d\n%s", code, zh)
	}
	for _, c := range []struct{ figure, want string }{
		{"live-course", "window_start,window_end,revenue\n2026-01-01 09:00:00,2026-01-01 10:00:00,-7.2499\n2026-01-01 10:00:00,2026-01-01 11:00:00,50.5\n"},
		{"live-groups", "region,revenue,orders,customers\n<script>alert(1)</script>,50.5,1,1\n"},
		{"live-windows", "window_start,window_end,region,revenue,orders,customers\n2026-01-01 09:00:00,2026-01-01 10:00:00,,0.0001,1,0\n2026-01-01 09:00:00,2026-01-01 10:00:00,SP,-7.25,3,2\n" +
			"2026-01-01 10:00:00,2026-01-01 11:00:00,<script>alert(1)</script>,50.5,1,1\n"},
	} {
		if !strings.Contains(text, "csv="+c.figure) {
			t.Errorf("the page has no link to the table %s", c.figure)
		}
		if code, got := page(t, file, "?csv="+c.figure); code != http.StatusOK || got != "\ufeff"+strings.ReplaceAll(c.want, "\n", "\r\n") {
			t.Errorf("%s: %d %q", c.figure, code, got)
		}
	}
	if code, _ := page(t, file, "?csv=none"); code != http.StatusNotFound {
		t.Errorf("a table that is not there: %d", code)
	}
	if code, _ := page(t, file+"x", ""); code != http.StatusNotFound {
		t.Fatalf("a file that is not there: %d", code)
	}
	db := filepath.Join(t.TempDir(), "w.db")
	if err := os.WriteFile(db, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, text := page(t, "sqlite:"+db+"?table=w", ""); code != http.StatusOK || !strings.Contains(text, "No window is complete yet") {
		t.Fatalf("%d\n%s", code, text)
	}
	c, err := sql.Open("sqlite", db)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Exec(`CREATE TABLE w (window_start DATETIME, window_end DATETIME, revenue DECIMAL(18,4), orders INTEGER, units REAL, customers INTEGER, revision INTEGER);
		INSERT INTO w VALUES ('2026-01-01 09:00:00', '2026-01-01 10:00:00', 1234.5, 7, 8, 5, 0), ('2026-01-01 10:00:00', '2026-01-01 11:00:00', 2469, 9, 8, NULL, 0)`); err != nil {
		t.Fatal(err)
	}
	if code, text := page(t, "sqlite:"+db+"?table=w", ""); code != http.StatusOK || !strings.Contains(text, "took 2,469.00, +100") {
		t.Fatalf("%d\n%s", code, text)
	}
}

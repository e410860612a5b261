package report_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/report"
)

// shopOptions is the synthetic shop of the tests and of the screenshots.
var shopOptions = generate.Options{Rows: 90_000, Regions: "gb", Dirty: 0.01, Seed: 5,
	From: time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC), Days: 697}

func TestSameInputSameBytes(t *testing.T) {
	r := run{shop: generate.Options{Rows: 5000, Regions: "br", Seed: 3}, lang: "en"}
	a, b := renderPage(t, makeDocument(t, r)), renderPage(t, makeDocument(t, r))
	if !bytes.Equal(a, b) {
		t.Fatal("two runs over the same input gave different pages")
	}
}

func TestPageIsSmallAndWhole(t *testing.T) {
	needAssets(t)
	pg := renderPage(t, makeDocument(t, run{shop: shopOptions, lang: "en"}))
	if n := len(pg); n > 2_000_000 {
		t.Errorf("the page has %d bytes, more than 2 MB", n)
	}
	for _, bad := range []string{"http://", "https://"} {
		for _, m := range regexp.MustCompile(`(?:src|href)="`+bad+`[^"]*"`).FindAll(pg, -1) {
			t.Errorf("the page reaches off the machine: %s", m)
		}
	}
	for _, id := range []string{"sales", "products", "regions", "customers", "retention", "quality", "trust"} {
		if !bytes.Contains(pg, []byte(`<section id="`+id+`"`)) {
			t.Errorf("section %s is missing", id)
		}
	}
}

// needAssets skips in a work tree without the chart library; CI must have it.
func needAssets(t testing.TB) {
	t.Helper()
	if report.SelfContained() {
		return
	}
	if os.Getenv("ECOMCTL_REQUIRE_ASSETS") == "1" {
		t.Fatal("no chart library in the binary: make assets")
	}
	t.Skip("no chart library in the binary: make assets")
}

// TestPolicyAdmitsEveryScript recomputes the hash of each executable script.
func TestPolicyAdmitsEveryScript(t *testing.T) {
	pg := string(renderPage(t, makeDocument(t, run{csv: tinyCSV, lang: "en"})))
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(pg)
	if policy == nil {
		t.Fatal("no policy")
	}
	text := strings.NewReplacer("&#39;", "'", "&#43;", "+", "&#x2F;", "/").Replace(policy[1])
	scriptSrc := text[strings.Index(text, "script-src"):]
	if strings.Contains(scriptSrc, "unsafe") {
		t.Errorf("the policy admits unsafe scripts: %s", scriptSrc)
	}
	if !strings.HasPrefix(text, "default-src 'none'") {
		t.Errorf("the policy does not begin with default-src 'none': %s", text)
	}
	scripts := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(pg, -1)
	if len(scripts) < 2 {
		t.Fatalf("%d inline scripts", len(scripts))
	}
	for _, s := range scripts {
		sum := sha256.Sum256([]byte(s[1]))
		if h := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(scriptSrc, h) {
			t.Errorf("the policy does not admit the script that begins %.40q", s[1])
		}
	}
}

// TestPolicyAdmitsTheLibrary unpacks the library as a browser does and recomputes
// its hash.
func TestPolicyAdmitsTheLibrary(t *testing.T) {
	needAssets(t)
	pg := string(renderPage(t, makeDocument(t, run{csv: tinyCSV, lang: "en"})))
	m := regexp.MustCompile(`(?s)id="lib">(.*?)</script>`).FindStringSubmatch(pg)
	if m == nil {
		t.Fatal("no library in the page")
	}
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(m[1])))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if h := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(strings.ReplaceAll(pg[:5000], "&#43;", "+"), h) {
		t.Errorf("the policy does not admit the library (%d bytes, %s)", len(text), h)
	}
	if bytes.ContainsAny(text, "\r\x00") {
		t.Error("the library holds characters that a browser changes before it hashes")
	}
}

// hostile are names that attack a page, a spreadsheet or a reader's eye.
var hostile = []string{
	`</script><img src=x onerror=alert(1)>`,
	`"><svg onload=alert(2)>`,
	`<!--<script>alert(3)</script>`,
	`{{.Doc}}{{template "head"}}`,
	"${alert(4)} `x` </title></style>",
	"=HYPERLINK(\"http://evil.example\",\"x\")",
	"\u202egnp.exe\u202c \u2066x\u2069",
	"line\u2028break\u2029\u0000\x1b[31mred",
	"مرحبا بالعالم", "商品名称：非常好", strings.Repeat("very long name ", 400),
	`{a|rich} {b} @s1 '; alert(5); '`, "-1+1", "@cmd",
}

// hostileCSV puts the hostile names into every text column.
func hostileCSV() string {
	var b strings.Builder
	b.WriteString("order_id,order_ts,customer_id,product_id,product_name,category,region,country,quantity,unit_price\n")
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`"`, `""`, "\x00", "").Replace(s) + `"`
	}
	for i := range 1200 {
		name := quote(hostile[i%len(hostile)])
		other := quote(hostile[(i/3)%len(hostile)])
		day := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, i*110/1200)
		fmt.Fprintf(&b, "o%d,%s,%s,%s,%s,%s,%s,%s,%d,%d.5\n", i/2, day.Format("2006-01-02 15:04:05"), other, name, name, other, name, other, 1+i%5, 3+i%17)
	}
	return b.String()
}

const tinyCSV = "order_id,order_ts,customer_id,product_id,quantity,unit_price\n1,2026-05-04 10:00:00,a,p,1,2.5\n"

func TestHostileNamesStayText(t *testing.T) {
	doc := makeDocument(t, run{csv: hostileCSV(), lang: "en", title: hostile[0]})
	doc.Provenance.Command, doc.Provenance.Zone = hostile[0], hostile[1]
	doc.Provenance.Inputs[0].URI = hostile[0]
	pg := string(renderPage(t, doc))
	for _, bad := range []string{"<img", "<svg onload", "onerror=alert(1)>", "<!--<script", "\u202e", "\u2066", "\u2028", "\u2029", "\x1b"} {
		if i := strings.Index(pg, bad); i >= 0 {
			t.Errorf("%q is in the page: …%.120q…", bad, pg[max(0, i-40):])
		}
	}
	if n, want := strings.Count(pg, "<script"), 4; n != want {
		t.Errorf("%d script elements, want %d", n, want)
	}
	if !json.Valid([]byte(block(t, pg, "charts"))) {
		t.Error("the chart block is not JSON")
	}
}

// block returns the text of a script block by id.
func block(t *testing.T, pg, id string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)<script type="application/json" id="` + id + `">(.*?)</script>`).FindStringSubmatch(pg)
	if m == nil {
		t.Fatalf("no block %s", id)
	}
	return m[1]
}

func TestEmptyStatesSayHowToProvide(t *testing.T) {
	pg := string(renderPage(t, makeDocument(t, run{csv: "order_id,order_ts,product_id,quantity,unit_price\n1,2026-05-04 10:00:00,p,1,2.5\n", lang: "en"})))
	for _, want := range []string{"--map region=", "--map customer_id="} {
		if !strings.Contains(pg, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
}

func TestJSONIsWhole(t *testing.T) {
	var b bytes.Buffer
	if err := report.WriteJSON(&b, makeDocument(t, run{shop: generate.Options{Rows: 3000, Regions: "us", Seed: 2}, lang: "en"})); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Currency string
		Sections []struct {
			ID      string
			Figures []struct {
				Table struct {
					Columns []struct{ Name string }
					Rows    [][]any
				}
			}
		}
		Provenance struct {
			Rows    int64
			Reasons []struct{ Rows int64 }
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var rows int64
	for _, r := range doc.Provenance.Reasons {
		rows += r.Rows
	}
	if rows != doc.Provenance.Rows || rows != 3000 {
		t.Errorf("reasons add up to %d, rows are %d, want 3000", rows, doc.Provenance.Rows)
	}
	if doc.Currency != "USD" {
		t.Errorf("currency %q: the data's only one should be the label", doc.Currency)
	}
	for _, s := range doc.Sections {
		for _, f := range s.Figures {
			for _, r := range f.Table.Rows {
				if len(r) != len(f.Table.Columns) {
					t.Fatalf("section %s: a row of %d values in a table of %d columns", s.ID, len(r), len(f.Table.Columns))
				}
			}
		}
	}
}

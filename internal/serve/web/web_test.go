package web_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/web"
	"github.com/ecomctl/ecomctl/internal/session"
)

// answer is what a page answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks for a page in a language ("" = no preference).
func get(t testing.TB, base, path, lang string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if lang != "" {
		req.Header.Set("Accept-Language", lang)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

func shopSite(t testing.TB) string {
	t.Helper()
	return site(t, web.Options{Data: openData(t, session.Settings{}, testdata(t, "shop.csv"))}).URL
}

var pagePaths = []string{"/", "/sales", "/customers", "/products", "/geo", "/quality"}

// TestPagesAreFull asks for every page in both languages: each has its finding and a figure.
func TestPagesAreFull(t *testing.T) {
	base := shopSite(t)
	for _, lang := range []string{"en", "zh"} {
		for _, path := range pagePaths {
			a := get(t, base, path, lang)
			if a.status != http.StatusOK {
				t.Errorf("%s in %s: status %d", path, lang, a.status)
			}
			for _, want := range []string{`class="lead"`, "<figure ", `role="img"`, "<main ", "<nav ", `aria-current="page"`, `name="viewport"`} {
				if !strings.Contains(a.body, want) {
					t.Errorf("%s in %s: no %s", path, lang, want)
				}
			}
			if got := a.header.Get("Content-Language"); got != map[string]string{"en": "en", "zh": "zh-CN"}[lang] {
				t.Errorf("%s in %s: Content-Language %q", path, lang, got)
			}
			if strings.Contains(a.body, `class="empty"`) && path != "/quality" {
				t.Errorf("%s in %s has an empty state: %.200s", path, lang, a.body[strings.Index(a.body, `class="empty"`):])
			}
		}
	}
}

// TestPolicy: nothing inline, nothing from elsewhere.
func TestPolicy(t *testing.T) {
	base := shopSite(t)
	inline := regexp.MustCompile(`<script(?: defer)?>|<style|\son\w+="|\sstyle="|javascript:`)
	for _, path := range pagePaths {
		a := get(t, base, path, "")
		policy := a.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if m := inline.FindString(a.body); m != "" {
			t.Errorf("%s holds %q", path, m)
		}
		for _, m := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
			if u, err := url.Parse(m[1]); err != nil || u.IsAbs() || u.Host != "" {
				t.Errorf("%s leads to %q", path, m[1])
			}
		}
	}
}

// TestAssets: every asset of a page is there, named by its content and kept for ever.
func TestAssets(t *testing.T) {
	base := shopSite(t)
	for _, m := range regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(get(t, base, "/", "").body, -1) {
		a := get(t, base, m[1], "")
		if a.status != http.StatusOK || a.body == "" || !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %d bytes, %q", m[1], a.status, len(a.body), a.header.Get("Cache-Control"))
		}
	}
	if a := get(t, base, "/assets/none.js", ""); a.status != http.StatusNotFound {
		t.Errorf("a missing asset: status %d", a.status)
	}
}

// TestFilters: the address narrows what is shown, and says so.
func TestFilters(t *testing.T) {
	base := shopSite(t)
	all, one := get(t, base, "/sales", "en").body, get(t, base, "/sales?category=Toys&period=90d", "en").body
	if all == one {
		t.Fatal("a filter changes nothing")
	}
	for _, want := range []string{"Category: Toys", `<option value="Toys" selected>Toys</option>`, `aria-current="true">90 days`, "against 4 Jul – 1 Oct 2024"} {
		if !strings.Contains(one, want) {
			t.Errorf("no %q on the filtered page", want)
		}
	}
	if dirty := get(t, site(t, web.Options{Data: openData(t, session.Settings{}, testdata(t, "shop_dirty.csv"))}).URL, "/sales?currency=BRL&region=~unknown", "en"); dirty.status != 200 || !strings.Contains(dirty.body, `<option value="~unknown" selected>unknown`) {
		t.Errorf("rows without a region: status %d", dirty.status)
	}
	for path, want := range map[string]int{"/sales?measure=bad": 400, "/sales?by=customer_id": 400, "/sales?period=x": 400, "/?start_date=2024-13-01": 400,
		"/?start_date=2024-05-01&end_date=2024-04-01": 400, "/?dataset=none": 404, "/?region=" + strings.Repeat("x", 500): 400, "/?start_date=2030-01-01&end_date=2030-02-01": 200} {
		a := get(t, base, path, "en")
		if a.status != want {
			t.Errorf("%.60s: status %d, want %d", path, a.status, want)
		}
		if want >= 400 && !strings.Contains(a.body, "This cannot be shown") {
			t.Errorf("%.60s: no page of the error: %.300s", path, a.body)
		}
	}
	if a := get(t, base, "/sales?category=none", "en"); a.status != 200 || !strings.Contains(a.body, "Nothing was sold in this period") {
		t.Errorf("an empty selection: status %d", a.status)
	}
}

// TestUnchanged: a browser that has the page is told so.
func TestUnchanged(t *testing.T) {
	base := shopSite(t)
	tag := get(t, base, "/geo", "en").header.Get("ETag")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/geo", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-None-Match", tag)
	req.Header.Set("Accept-Language", "en")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if tag == "" || res.StatusCode != http.StatusNotModified {
		t.Errorf("tag %q, status %d", tag, res.StatusCode)
	}
}

// TestCSV: every table of every page can be downloaded, whole and safe for spreadsheets.
func TestCSV(t *testing.T) {
	base := site(t, web.Options{Data: openData(t, session.Settings{}, testdata(t, "hostile.csv"))}).URL
	found, quoted := 0, false
	for _, path := range pagePaths {
		for _, m := range regexp.MustCompile(`href="([^"]*csv=[^"]*)"`).FindAllStringSubmatch(get(t, base, path, "en").body, -1) {
			a := get(t, base, strings.ReplaceAll(m[1], "&amp;", "&"), "en")
			found++
			if a.status != http.StatusOK || !strings.HasPrefix(a.body, "\ufeff") || !strings.Contains(a.header.Get("Content-Disposition"), "attachment") {
				t.Errorf("%s: status %d, %q", m[1], a.status, a.header.Get("Content-Disposition"))
			}
			for _, line := range strings.Split(strings.TrimPrefix(a.body, "\ufeff"), "\r\n")[1:] {
				if first := strings.TrimPrefix(line, `"`); first != "" && strings.ContainsAny(first[:1], "=+-@\t") {
					t.Errorf("%s: a spreadsheet would run %.60q", m[1], line)
				}
				quoted = quoted || strings.HasPrefix(strings.TrimPrefix(line, `"`), "'")
			}
		}
	}
	if found < 5 || !quoted {
		t.Errorf("%d tables, a formula among them: %v", found, quoted)
	}
	if a := get(t, base, "/sales?csv=none", "en"); a.status != http.StatusNotFound {
		t.Errorf("a table that is not there: status %d", a.status)
	}
}

// TestHostileNames: names of the data are text wherever they stand.
func TestHostileNames(t *testing.T) {
	base := site(t, web.Options{Data: openData(t, session.Settings{}, testdata(t, "hostile.csv")), Title: `<script>alert(1)</script>"'`}).URL
	for _, path := range append(pagePaths, "/sales?by=product_name", "/sales?category="+url.QueryEscape(`"><img src=x onerror=alert(1)>`), "/?unknown=category") {
		a := get(t, base, path, "en")
		if a.status != http.StatusOK {
			t.Errorf("%s: status %d", path, a.status)
		}
		for _, bad := range []string{"<script>alert", "<img", "onerror=alert(1)>"} {
			if strings.Contains(a.body, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
	}
}

// TestWorking: an answer that takes long is announced, and there when the browser comes back.
func TestWorking(t *testing.T) {
	d := openData(t, session.Settings{}, testdata(t, "shop.csv"))
	d.slow = make(chan struct{})
	base := site(t, web.Options{Data: d, Patience: 20 * time.Millisecond}).URL
	a := get(t, base, "/geo", "en")
	if a.status != http.StatusAccepted || !strings.Contains(a.body, `data-again="1"`) || !strings.Contains(a.body, "The answer is being computed") {
		t.Fatalf("status %d: %.300s", a.status, a.body)
	}
	close(d.slow)
	for range 400 {
		if a = get(t, base, "/geo", "en"); a.status == http.StatusOK {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	if a.status != http.StatusOK || !strings.Contains(a.body, "<figure ") {
		t.Errorf("the answer never came: status %d", a.status)
	}
}

// TestNothingServed and data that failed are pages, not blanks.
func TestNothingServed(t *testing.T) {
	d := openData(t, session.Settings{}, testdata(t, "shop.csv"))
	d.list = nil
	if a := get(t, site(t, web.Options{Data: d}).URL, "/", "en"); a.status != http.StatusNotFound || !strings.Contains(a.body, "ecomctl serve orders.csv") {
		t.Errorf("status %d", a.status)
	}
	d.list = []serve.Dataset{{Name: "x", State: serve.Failed, Err: os.ErrNotExist}}
	if a := get(t, site(t, web.Options{Data: d}).URL, "/", "en"); a.status != http.StatusInternalServerError || !strings.Contains(a.body, "This cannot be shown") {
		t.Errorf("status %d", a.status)
	}
}

// TestClicks: a click-stream has an overview; the pages about orders say why they are empty.
func TestClicks(t *testing.T) {
	base := site(t, web.Options{Data: openClicks(t)}).URL
	if a := get(t, base, "/", "en"); a.status != http.StatusOK || !strings.Contains(a.body, `id="funnel"`) {
		t.Errorf("the overview of clicks: status %d", a.status)
	}
	if a := get(t, base, "/products", "en"); a.status != http.StatusOK || !strings.Contains(a.body, "These data are clicks, not orders") {
		t.Errorf("the products of clicks: status %d", a.status)
	}
}

// uploads starts pages with an upload area.
func uploads(t testing.TB, o web.UploadOptions) string {
	t.Helper()
	o.Host, o.Dir = host(), t.TempDir()
	u, err := web.NewUploads(o)
	if err != nil {
		t.Fatal(err)
	}
	base := site(t, web.Options{Data: openData(t, session.Settings{}, testdata(t, "shop.csv")), Uploads: u}).URL
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
	return base
}

// send uploads a file and returns the answer.
func send(t testing.TB, base, name, content string) answer {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	w, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, content)
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/upload", &b)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(testdata(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestUpload: a file is mapped, its mapping corrected, cleaned and reported; its rejects come back.
func TestUpload(t *testing.T) {
	base := uploads(t, web.UploadOptions{})
	a := send(t, base, `..\..\evil"<b>/shop_dirty.csv`, read(t, "shop_dirty.csv"))
	at := a.header.Get("Location")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(at, "/upload/") {
		t.Fatalf("status %d to %q: %.300s", a.status, at, a.body)
	}
	m := get(t, base, at, "en").body
	for _, want := range []string{"shop_dirty.csv", `name="map.order_id"`, `<option value="order_id" selected>`, "Teapot", "Clean and report"} {
		if !strings.Contains(m, want) {
			t.Errorf("the mapping has no %q", want)
		}
	}
	if bad := get(t, base, at+"?map.order_ts=status", "en").body; !strings.Contains(bad, `role="alert"`) || strings.Contains(bad, "Clean and report") {
		t.Error("a mapping that cannot be is taken")
	}
	if several := get(t, base, at+"/report", "en"); several.status != 422 || !strings.Contains(several.body, "currency=BRL") {
		t.Errorf("two currencies: status %d", several.status)
	}
	r := get(t, base, at+"/report?currency=BRL", "en")
	if r.status != http.StatusOK || !strings.Contains(r.body, `id="trust"`) || !strings.Contains(r.body, "ecomctl report shop_dirty.csv --html") {
		t.Errorf("the report: status %d", r.status)
	}
	if strings.Contains(r.body, "ecomctl-uploads-") {
		t.Error("the report tells the server's folder")
	}
	rejects := get(t, base, at+"/rejects.csv", "en")
	if rejects.status != http.StatusOK || !strings.Contains(rejects.body, "no_order_id,shop_dirty.csv,") || strings.Contains(rejects.body, "ecomctl-uploads-") {
		t.Errorf("rejects: status %d: %.300s", rejects.status, rejects.body)
	}
	if clean := get(t, base, at+"/clean.csv", "en"); clean.status != http.StatusOK || strings.Count(clean.body, "\n") < 3 {
		t.Errorf("clean rows: status %d", clean.status)
	}
	if other := get(t, base, at+"/other.csv", "en"); other.status != http.StatusNotFound {
		t.Errorf("another file of an upload: status %d", other.status)
	}
}

// TestUploadRefused: what cannot be taken gets a page that says what helps.
func TestUploadRefused(t *testing.T) {
	base := uploads(t, web.UploadOptions{MaxFile: 4096, MaxFiles: 2})
	for name, c := range map[string]struct {
		content string
		status  int
		want    string
	}{
		"empty.csv":    {"", 422, "empty"},
		"large.csv":    {strings.Repeat("a,b\n", 2000), 400, "larger than"},
		"archive.gz":   {"\x1f\x8b\x08\x00abc", 422, "unpack it"},
		"excel.xlsx":   {"PK\x03\x04abc", 422, "save the sheet as CSV"},
		"script<i>.md": {"\x28\xb5\x2f\xfdxx", 422, "unpack it"},
	} {
		if a := send(t, base, name, c.content); a.status != c.status || !strings.Contains(a.body, c.want) || strings.Contains(a.body, "<i>") {
			t.Errorf("%s: status %d: %.500s", name, a.status, a.body)
		}
	}
	if a := get(t, base, "/upload/AAAAAAAAAAAAAAAAAAAAAAAAAA", "en"); a.status != http.StatusNotFound || !strings.Contains(a.body, "upload the file again") {
		t.Errorf("a forgotten upload: status %d", a.status)
	}
	// the area is full: the longest unseen goes
	first := send(t, base, "a.csv", "a,b\n1,2\n").header.Get("Location")
	for range 2 {
		send(t, base, "b.csv", "a,b\n1,2\n")
	}
	if a := get(t, base, first, "en"); a.status != http.StatusNotFound {
		t.Errorf("the first of three uploads is still there: status %d", a.status)
	}
	// not an orders file at all
	at := send(t, base, "odd.csv", "x;y\n1;2\n").header.Get("Location")
	if a := get(t, base, at, "en"); a.status != http.StatusOK || !strings.Contains(a.body, `role="alert"`) {
		t.Errorf("a file without orders: status %d", a.status)
	}
	if a := get(t, base, at+"/report", "en"); a.status < 400 || a.status >= 500 {
		t.Errorf("the report of a file without orders: status %d", a.status)
	}
}

// TestUploadsExpire removes what nobody has looked at for an hour.
func TestUploadsExpire(t *testing.T) {
	now := fixedNow
	h := host()
	h.Now = func() time.Time { return now }
	dir := t.TempDir()
	u, err := web.NewUploads(web.UploadOptions{Host: h, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	base := site(t, web.Options{Data: openData(t, session.Settings{}, testdata(t, "shop.csv")), Uploads: u}).URL
	at := send(t, base, "a.csv", read(t, "hostile.csv")).header.Get("Location")
	now = now.Add(59 * time.Minute)
	if a := get(t, base, at, "en"); a.status != http.StatusOK {
		t.Errorf("after 59 minutes: status %d", a.status)
	}
	now = now.Add(61 * time.Minute)
	if a := get(t, base, at, "en"); a.status != http.StatusNotFound {
		t.Errorf("after another 61 minutes: status %d", a.status)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("files left: %v %v", left, err)
	}
}

// TestPseudonyms: where customers are hidden, no page and no download names them.
func TestPseudonyms(t *testing.T) {
	d := openData(t, session.Settings{}, testdata(t, "shop.csv"))
	d.s.Req.Pseudonym = func(id string) string { return "hidden-" + id + "-" }
	base := site(t, web.Options{Data: d}).URL
	named := regexp.MustCompile(`customer_id|customer ([0-9]+)|\(([0-9]{1,3})\) alone`)
	for _, path := range []string{"/", "/sales", "/customers", "/products"} {
		for _, m := range named.FindAllStringSubmatch(get(t, base, path, "en").body, -1) {
			if m[1]+m[2] != "" {
				t.Errorf("%s names a customer: %s", path, m[0])
			}
		}
	}
	for _, figure := range []string{"/sales?csv=movers-customer_id", "/customers?csv=lifetime-quiet"} {
		a := get(t, base, figure, "en")
		for i, line := range strings.Split(strings.TrimSpace(a.body), "\r\n") {
			if i > 0 && a.status == http.StatusOK && !strings.HasPrefix(line, "hidden-") {
				t.Errorf("%s names a customer: %.60s", figure, line)
			}
		}
	}
}

// TestRejects: the rejected rows of what is served are a download of the quality page, unless ids are replaced.
func TestRejects(t *testing.T) {
	data := openData(t, session.Settings{Currency: "BRL"}, testdata(t, "shop_dirty.csv"))
	base := site(t, web.Options{Data: data}).URL
	if page := get(t, base, "/quality", "en"); !strings.Contains(page.body, `<a href="/quality/rejects.csv">Download the rejected rows`) {
		t.Errorf("no link: %d %.2000s", page.status, page.body)
	}
	a := get(t, base, "/quality/rejects.csv", "en")
	lines := strings.Split(strings.TrimSpace(a.body), "\n")
	if a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Disposition"), "rejects.csv") || !strings.HasSuffix(lines[0], ",_reason,_file,_row") || !strings.Contains(a.body, ",no_order_id,") || !strings.Contains(a.body, "shop_dirty.csv,") {
		t.Errorf("%d %v %.500s", a.status, a.header, a.body)
	}
	for _, line := range lines[1:] {
		for _, cell := range strings.Split(line, ",") {
			if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
	hidden := site(t, web.Options{Data: data, Pseudonymous: true}).URL
	if page := get(t, hidden, "/quality", "en"); strings.Contains(page.body, "rejects.csv") {
		t.Error("ids are replaced, and rejected rows offered")
	}
	if a := get(t, hidden, "/quality/rejects.csv", "en"); a.status != http.StatusForbidden || !strings.Contains(a.body, "ecomctl clean") {
		t.Errorf("%d %.500s", a.status, a.body)
	}
}

// TestNoSuchPage: an address that nothing is at has a page with a way back, in both languages; who was not admitted
// learns nothing of the data.
func TestNoSuchPage(t *testing.T) {
	base := shopSite(t)
	for lang, want := range map[string]string{"en": "Nothing is at /&lt;b&gt;no.", "zh": "/&lt;b&gt;no 处没有内容。"} {
		a := get(t, base, "/%3Cb%3Eno", lang)
		if a.status != http.StatusNotFound || !strings.Contains(a.body, want) || !strings.Contains(a.body, `href="/sales"`) || a.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %s", lang, a.status, a.body)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/secret", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "none")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || strings.Contains(string(b), "shop.csv") || strings.Contains(string(b), `href="/sales"`) || !strings.Contains(string(b), `href="/"`) {
		t.Errorf("%v %s", err, b)
	}
}

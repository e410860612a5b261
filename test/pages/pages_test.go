package pages_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// sitePages are the pages with the least number of charts on each, of testdata/shop.csv.
var sitePages = map[string]int{"/": 4, "/sales?period=90d": 6, "/customers": 4, "/products": 2, "/geo": 2, "/quality": 1, "/upload": 0}

// TestPagesInBrowser looks at every page on every screen.
func TestPagesInBrowser(t *testing.T) {
	s := serve(t, testdata(t, "shop.csv"))
	b := newTab(t, s.URL, s.Monitor)
	for _, look := range []screen{desktop, phone, night, narrow} {
		b.look(t, look)
		for path, charts := range sitePages {
			if look == night && path != "/" { // the theme is the same everywhere
				continue
			}
			b.open(t, s.URL+path)
			b.drawn(t, charts)
			b.fits(t)
		}
		b.open(t, s.Monitor+"/")
		b.fits(t)
	}
	b.quiet(t)
}

// TestWalk does what a visitor does: presets, filters, the explorer, back, another language.
func TestWalk(t *testing.T) {
	s := serve(t, testdata(t, "shop.csv"))
	b := newTab(t, s.URL)
	b.look(t, desktop)
	b.open(t, s.URL+"/")
	b.click(t, `.presets li:nth-child(3) a`)
	if at := b.at(t); at != "/?period=30d" {
		t.Fatalf("the preset led to %s", at)
	}
	first := eval[string](t, b, `document.querySelector(".lead").textContent`)
	if !strings.Contains(first, "1–30 Dec 2024") {
		t.Errorf("the finding of 30 days: %s", first)
	}
	b.click(t, `.rail a[href^="/sales"]`)
	if at := b.at(t); at != "/sales?period=30d" {
		t.Fatalf("the period was lost on the way: %s", at)
	}
	// the form keeps what it does not show and leaves out what is not chosen
	eval[bool](t, b, `(() => { const f = document.querySelector("form.controls"); f.measure.value = "orders"; f.by.value = "channel"; f.category.value = "Toys"; return true; })()`)
	b.click(t, `.menus button`)
	at := b.at(t)
	for _, want := range []string{"measure=orders", "by=channel", "category=Toys", "period=30d"} {
		if !strings.Contains(at, want) {
			t.Errorf("the form led to %s: no %s", at, want)
		}
	}
	for _, none := range []string{"region=", "start_date=", "cut="} {
		if strings.Contains(at, none) {
			t.Errorf("the form led to %s", at)
		}
	}
	lead := eval[string](t, b, `document.querySelector(".lead").textContent`)
	if !strings.Contains(lead, "rders") {
		t.Errorf("the finding about orders: %s", lead)
	}
	// what is chosen can be taken back, by its chip and by the browser
	b.click(t, `.chips a`)
	if now := b.at(t); strings.Contains(now, "category") {
		t.Errorf("the chip left the filter: %s", now)
	}
	for _, want := range []string{at, "/sales?period=30d", "/?period=30d"} {
		eval[bool](t, b, `(window.left = true, history.back(), true)`)
		waitAt(t, b, want)
		if busy := eval[bool](t, b, `document.querySelector("main").getAttribute("aria-busy") === "true"`); busy {
			t.Errorf("%s still says that the next page is on its way", want)
		}
	}
	b.click(t, `.tools a`)
	if lang := eval[string](t, b, `document.documentElement.lang`); lang != "zh-CN" {
		t.Errorf("the language is %s", lang)
	}
	b.click(t, `.rail a[href^="/customers"]`)
	if at, lang := b.at(t), eval[string](t, b, `document.documentElement.lang`); lang != "zh-CN" || at != "/customers?lang=zh&period=30d" {
		t.Errorf("the language was lost on the way: %s in %s", at, lang)
	}
	// from a figure to how it is computed
	b.open(t, s.URL+"/customers")
	b.click(t, `.over a`)
	if hash := eval[string](t, b, `location.pathname + location.hash + "|" + (document.querySelector(location.hash) ? "there" : "not there")`); hash != "/quality#def-rfm|there" {
		t.Errorf("the definition: %s", hash)
	}
	b.quiet(t)
}

// waitAt waits until the browser shows an address.
func waitAt(t testing.TB, b *tab, want string) {
	t.Helper()
	until(t, "going back to "+want, func() bool {
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.readyState === "complete" ? location.pathname + location.search : ""`))
		return err == nil && v == want
	})
	b.ready(t)
}

// TestDownloads saves a table and both kinds of pictures.
func TestDownloads(t *testing.T) {
	s := serve(t, testdata(t, "hostile.csv"))
	b := newTab(t, s.URL)
	b.look(t, desktop)
	b.open(t, s.URL+"/products")
	eval[bool](t, b, `(document.querySelector("#products-top .get a[download]").click(), true)`)
	csv := b.saved(t, "products-top.csv")
	if !strings.Contains(csv, "product_id,") || !strings.Contains(csv, "'=") {
		t.Errorf("the table: %.300q", csv)
	}
	eval[bool](t, b, `(document.querySelector("#products-top button[data-get=svg]").click(), true)`)
	if svg := b.saved(t, "products-top.svg"); !strings.HasPrefix(svg, "<svg") || strings.Contains(svg, "<script") || strings.Contains(svg, "<img") {
		t.Errorf("the drawing: %.200q", svg)
	}
	eval[bool](t, b, `(document.querySelector("#products-top button[data-get=png]").click(), true)`)
	if png := b.saved(t, "products-top.png"); !strings.HasPrefix(png, "\x89PNG") {
		t.Errorf("the picture: %.20q", png)
	}
	b.quiet(t)
}

// TestHostileNames: no name of the data becomes an element, on no page, in no tooltip.
func TestHostileNames(t *testing.T) {
	s := serve(t, testdata(t, "hostile.csv"), "--title", `<img src=x onerror=alert(1)>`)
	b := newTab(t, s.URL)
	b.look(t, phone)
	for path := range sitePages {
		b.open(t, s.URL+strings.ReplaceAll(path, "period=90d", "by=product_name"))
		b.fits(t)
		eval[bool](t, b, `(document.querySelectorAll(".chart").forEach(el => { const c = echarts.getInstanceByDom(el); if (c) c.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: 0 }); }), true)`)
		if n := eval[int](t, b, `document.querySelectorAll("img, iframe, object, embed, script:not([src]):not([type='application/json'])").length`); n != 0 {
			t.Errorf("%s: %d elements that no template writes", path, n)
		}
		if away := eval[string](t, b, `[...document.querySelectorAll("a")].filter(a => a.host !== location.host).map(a => a.href).join(" ")`); away != "" {
			t.Errorf("%s leads away: %s", path, away)
		}
	}
	b.quiet(t)
}

// TestUploadInBrowser uploads a file through the form, corrects its mapping and reads its report.
func TestUploadInBrowser(t *testing.T) {
	s := serve(t, testdata(t, "shop.csv"))
	b := newTab(t, s.URL)
	b.look(t, desktop)
	// columns that nobody can recognise, and one line that is no sale
	file := filepath.Join(t.TempDir(), "export <b>.csv")
	lines := []string{"a1,b2,c3,d4,e5"}
	for i := range 40 {
		lines = append(lines, strings.Join([]string{"o" + string(rune('A'+i%20)), "2024-03-" + string(rune('1'+i%2)) + string(rune('0'+i%10)), "c" + string(rune('a'+i%7)), "=cmd()", "12.50"}, ","))
	}
	lines = append(lines, "oZ,not a day,ca,p1,3")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open(t, s.URL+"/upload")
	if err := chromedp.Do(b.ctx, chromedp.SetUploadFiles(`input[type=file]`, []string{file})); err != nil {
		t.Fatal(err)
	}
	b.click(t, `.drop button`)
	if alert := eval[int](t, b, `document.querySelectorAll("[role=alert]").length`); alert != 1 {
		t.Errorf("a file whose columns mean nothing is taken: %d alerts", alert)
	}
	if sample := eval[string](t, b, `document.querySelector(".upload section table:not(.mapping)").textContent`); !strings.Contains(sample, "=cmd()") {
		t.Errorf("the sample: %s", sample)
	}
	choose, err := json.Marshal(map[string]string{"order_id": "a1", "order_ts": "b2", "customer_id": "c3", "product_id": "d4", "amount": "e5"})
	if err != nil {
		t.Fatal(err)
	}
	eval[bool](t, b, `(() => { const f = document.querySelector(".upload section form"); for (const [k, v] of Object.entries(`+string(choose)+`)) f.elements["map." + k].value = v; return true; })()`)
	b.click(t, `.upload section form .choices button`)
	if alert := eval[string](t, b, `[...document.querySelectorAll("[role=alert]")].map(e => e.textContent).join()`); alert != "" {
		t.Fatalf("the corrected mapping is not taken: %s", alert)
	}
	b.click(t, `.upload section form .choices button.primary`)
	if text := eval[string](t, b, `document.querySelector("#trust .lead").textContent`); !strings.Contains(text, "41 rows in = 40 sold") || !strings.Contains(text, "1 rejected") {
		t.Errorf("the identity: %s", text)
	}
	b.fits(t)
	eval[bool](t, b, `(document.querySelector(".upload .choices a").click(), true)`)
	if rejects := b.saved(t, "rejects.csv"); !strings.Contains(rejects, "oZ,not a day,ca,p1,3,") {
		t.Errorf("the rejects: %.300q", rejects)
	}
	b.quiet(t)
}

// axe returns the accessibility checker that make assets installs, or skips.
func axe(t testing.TB) string {
	t.Helper()
	services := os.Getenv("SERVICES_DIR")
	if services == "" {
		services = filepath.Join("..", "..", ".services")
	}
	script, err := os.ReadFile(filepath.Join(services, "assets", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_ASSETS") == "1" {
			t.Fatalf("no axe-core: %v; make assets", err)
		}
		t.Skip("no axe-core: make assets")
	}
	return string(script)
}

// TestAccessibility runs axe-core's rules over every page, in light, dark, Chinese and on a phone.
func TestAccessibility(t *testing.T) {
	checker := axe(t)
	s := serve(t, testdata(t, "shop.csv"))
	b := newTab(t, s.URL, s.Monitor)
	for _, c := range []struct {
		look screen
		lang string
	}{{desktop, "en"}, {night, "en"}, {phone, "zh"}} {
		b.look(t, c.look)
		addresses := []string{s.Monitor + "/?lang=" + c.lang, s.URL + "/sales?measure=bad&lang=" + c.lang}
		for path := range sitePages {
			if c.look != desktop && path != "/" && path != "/sales?period=90d" && path != "/upload" {
				continue
			}
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			addresses = append(addresses, s.URL+path+sep+"lang="+c.lang)
		}
		for _, address := range addresses {
			faults, err := b.check(t, address, checker)
			if err != nil {
				t.Fatal(err)
			}
			if faults != "" {
				t.Errorf("%s at %d pixels, dark %v: %s", b.at(t), c.look.width, c.look.dark, faults)
			}
		}
	}
}

// check opens a page and runs axe-core over it. The monitoring page, which shows itself anew, may have
// begun to do so before it was held: then the check is made again.
func (b *tab) check(t testing.TB, address, checker string) (faults string, err error) {
	t.Helper()
	for range 10 {
		b.open(t, address)
		faults, err = chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => {
			document.querySelectorAll("details").forEach(d => { d.open = true; });
			`+checker+`;
			return axe.run(document, { resultTypes: ["violations"] }).then(r =>
				r.violations.map(v => v.id + " (" + v.impact + ", " + v.nodes.length + "×): " + v.nodes[0].html.slice(0, 200)).join("\n"));
		})()`, chromedp.EvalAwaitPromise))
		if err == nil || !strings.Contains(err.Error(), "navigated") {
			return faults, err
		}
	}
	return faults, err
}

// TestKeyboard: the first stop is the way past the navigation, and every control can be reached.
func TestKeyboard(t *testing.T) {
	s := serve(t, testdata(t, "shop.csv"))
	b := newTab(t, s.URL)
	b.look(t, desktop)
	b.open(t, s.URL+"/sales")
	var stops []string
	for range 26 {
		if err := chromedp.Do(b.ctx, chromedp.KeyEvent("\t")); err != nil {
			t.Fatal(err)
		}
		stops = append(stops, eval[string](t, b, `(() => { const e = document.activeElement, o = getComputedStyle(e).outlineStyle; return e.className + " " + e.id + " " + (e.getAttribute("href") || "") + (o === "none" ? " without a mark" : ""); })()`))
	}
	if !strings.HasPrefix(stops[0], "skip") {
		t.Errorf("the first stop is %q", stops[0])
	}
	for _, stop := range stops {
		if strings.Contains(stop, "without a mark") {
			t.Errorf("the focus cannot be seen on %q", stop)
		}
	}
	all := strings.Join(stops, "\n")
	for _, want := range []string{"/customers", "theme", "period=7d"} {
		if !strings.Contains(all, want) {
			t.Errorf("no stop at %s among %q", want, stops)
		}
	}
}

// TestWithoutScripts: the tables stand where the charts would be, and the forms work.
func TestWithoutScripts(t *testing.T) {
	s := serve(t, testdata(t, "shop.csv"))
	body(t, s.URL+"/geo") // loaded
	b := newTab(t, s.URL)
	b.look(t, desktop)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, chromedp.Navigate(s.URL+"/geo?region=SP&period=90d")); err != nil {
		t.Fatal(err)
	}
	for what, js := range map[string]string{
		"a note":         `document.body.innerText.includes("Charts need JavaScript")`,
		"an open table":  `document.querySelector("figure table").getBoundingClientRect().height > 20`,
		"no empty chart": `[...document.querySelectorAll(".chart")].every(c => c.getBoundingClientRect().height === 0)`,
		"a CSV link":     `document.querySelector("figure .get a[download]").getBoundingClientRect().height > 0`,
		"no dead button": `[...document.querySelectorAll(".get button, #theme")].every(c => c.getBoundingClientRect().height === 0)`,
	} {
		if !eval[bool](t, b, js) {
			t.Errorf("without scripts there is not %s", what)
		}
	}
	b.quiet(t)
}

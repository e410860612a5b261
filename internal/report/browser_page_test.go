package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/ecomctl/ecomctl/internal/generate"
)

// writePage renders a run into a file for the browser.
func writePage(t testing.TB, r run) string {
	t.Helper()
	needAssets(t)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, renderPage(t, makeDocument(t, r)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// checkDrawn fails unless every chart drew marks and fits its box.
func checkDrawn(t testing.TB, b *browser) {
	t.Helper()
	if blank := eval[string](t, b, `[...document.querySelectorAll(".chart")].filter(el =>
		el.querySelectorAll("svg path, svg rect, svg text").length < 5).map(el => el.closest("figure").id).join(" ")`); blank != "" {
		t.Errorf("charts without marks: %s", blank)
	}
	if n := eval[int](t, b, `document.querySelectorAll(".chart svg").length`); n < 5 {
		t.Errorf("%d charts drawn", n)
	}
	if raw := eval[string](t, b, `(document.querySelector("main").innerHTML.match(/"@[a-zA-Z0-9]+"/) || [""])[0]`); raw != "" {
		t.Errorf("a colour token was not resolved: %s", raw)
	}
}

// checkLayout fails when something scrolls sideways or two texts of a chart's axis overlap the page's edge.
func checkLayout(t testing.TB, b *browser) {
	t.Helper()
	if wide := eval[string](t, b, `document.documentElement.scrollWidth <= innerWidth ? "" :
		[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map(e => e.tagName + "." + e.className + "#" + e.id).join(" ")`); wide != "" {
		t.Errorf("the page scrolls sideways: %s", wide)
	}
}

func checkQuiet(t testing.TB, b *browser) {
	t.Helper()
	for _, p := range b.problems() {
		t.Errorf("the browser said: %s", p)
	}
}

func TestPageInBrowser(t *testing.T) {
	b := newBrowser(t)
	file := writePage(t, run{shop: shopOptions, lang: "en"})
	for _, s := range []screen{{width: 1280, height: 900}, {width: 375, height: 800, mobile: true}, {width: 768, height: 1024, dark: true}, {width: 320, height: 600, mobile: true}} {
		b.open(t, file, s)
		checkDrawn(t, b)
		checkLayout(t, b)
	}
	checkQuiet(t, b)
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

// TestAccessibility runs axe-core's rules (WCAG 2 A and AA, best practices) over the
// page in light, dark, Chinese and on a phone.
func TestAccessibility(t *testing.T) {
	checker := axe(t)
	b := newBrowser(t)
	en := writePage(t, run{shop: shopOptions, lang: "en"})
	zh := writePage(t, run{csv: hostileCSV(), lang: "zh"})
	for _, c := range []struct {
		file string
		s    screen
	}{{en, screen{width: 1280, height: 900}}, {en, screen{width: 1280, height: 900, dark: true}}, {zh, screen{width: 375, height: 800, mobile: true}}} {
		b.open(t, c.file, c.s)
		eval[bool](t, b, `(document.querySelectorAll("details").forEach(d => { d.open = true; }), true)`)
		eval[bool](t, b, checker+"; true")
		faults, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`axe.run(document, { resultTypes: ["violations"] }).then(r =>
			r.violations.map(v => v.id + " (" + v.nodes.length + "×): " + v.nodes[0].html.slice(0, 160)).join("\n"))`, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		if faults != "" {
			t.Errorf("at %d pixels, dark %v: %s", c.s.width, c.s.dark, faults)
		}
	}
	checkQuiet(t, b)
}

func TestHostilePageInBrowser(t *testing.T) {
	b := newBrowser(t)
	b.open(t, writePage(t, run{csv: hostileCSV(), lang: "en", title: hostile[0]}), screen{width: 375, height: 800, mobile: true})
	checkDrawn(t, b)
	checkLayout(t, b)
	if n := eval[int](t, b, `document.querySelectorAll("main img, main iframe, main object, main a:not([href^='#'])").length`); n != 0 {
		t.Errorf("%d elements that no template writes", n)
	}
	// tooltips are the place where ECharts would take markup
	eval[bool](t, b, `(document.querySelectorAll(".chart").forEach(el => {
		const c = echarts.getInstanceByDom(el);
		if (c) c.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: 0 });
	}), true)`)
	if n := eval[int](t, b, `document.querySelectorAll("img, iframe").length`); n != 0 {
		t.Errorf("a tooltip made %d elements", n)
	}
	checkQuiet(t, b)
}

// TestThemeButton switches and remembers the theme and redraws the charts with it.
func TestThemeButton(t *testing.T) {
	b := newBrowser(t)
	b.open(t, writePage(t, run{shop: generate.Options{Rows: 4000, Regions: "us", Seed: 5}, lang: "en"}), screen{width: 1000, height: 800})
	ink := `getComputedStyle(document.body).color + "|" + document.querySelector(".chart svg text").getAttribute("fill")`
	before := eval[string](t, b, ink)
	eval[bool](t, b, `(document.getElementById("theme").click(), true)`)
	after := eval[string](t, b, ink)
	if strings.Split(before, "|")[0] == strings.Split(after, "|")[0] || strings.Split(before, "|")[1] == strings.Split(after, "|")[1] {
		t.Errorf("the theme changed %q into %q: page and charts should both change", before, after)
	}
	if err := chromedp.Do(b.ctx, chromedp.Reload()); err != nil {
		t.Fatal(err)
	}
	if got := eval[string](t, b, `document.documentElement.dataset.theme`); got != "dark" {
		t.Errorf("after a reload the theme is %q, want dark", got)
	}
	checkQuiet(t, b)
}

// TestCSVIsSafeForSpreadsheets reads what the CSV button would save.
func TestCSVIsSafeForSpreadsheets(t *testing.T) {
	b := newBrowser(t)
	b.open(t, writePage(t, run{csv: hostileCSV(), lang: "en"}), screen{width: 1000, height: 800})
	const grab = `new Promise(done => {
		const keep = URL.createObjectURL;
		URL.createObjectURL = blob => { blob.text().then(t => { URL.createObjectURL = keep; done(t); }); return "#"; };
		document.querySelector("#products-top button[data-get=csv]").click();
	})`
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](grab, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\r\n") {
		first := strings.TrimPrefix(line, `"`)
		if first != "" && strings.ContainsAny(first[:1], "=+-@\t") {
			t.Errorf("a spreadsheet would run %.60q", line)
		}
	}
	if !strings.Contains(text, "'=HYPERLINK") || !strings.Contains(text, "product_id,") {
		t.Errorf("unexpected CSV: %.300q", text)
	}
}

// TestPaper prints: white, all charts, no buttons.
func TestPaper(t *testing.T) {
	b := newBrowser(t)
	b.open(t, writePage(t, run{shop: generate.Options{Rows: 4000, Regions: "us", Seed: 5}, lang: "en"}), screen{width: 1000, height: 800, dark: true})
	background := true
	pdf, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PrintBackground: &background, PaperWidth: 8.27, PaperHeight: 11.69})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(pdf.Data, []byte("%PDF-")) || len(pdf.Data) < 50_000 {
		t.Errorf("a PDF of %d bytes", len(pdf.Data))
	}
	if n := bytes.Count(pdf.Data, []byte("/Type /Page\n")) + bytes.Count(pdf.Data, []byte("/Type /Page/")) + bytes.Count(pdf.Data, []byte("/Type /Page ")); n < 5 {
		t.Errorf("%d pages", n)
	}
	checkQuiet(t, b)
}

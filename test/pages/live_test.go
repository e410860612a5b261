package pages_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ecomctl/ecomctl/test/harness"
)

// TestLivePage follows a stream in the browser: windows appear without anybody asking, on every screen, and nothing is
// asked of another machine.
func TestLivePage(t *testing.T) {
	dir := t.TempDir()
	orders, windows := filepath.Join(dir, "orders.ndjson"), filepath.Join(dir, "windows.ndjson")
	order := func(id, at, region string) string {
		return `{"order_id":"` + id + `","order_ts":"` + at + `","customer_id":"c","product_id":"p","quantity":1,"unit_price":40,"region":"` + region + `"}` + "\n"
	}
	write := func(lines ...string) {
		t.Helper()
		f, err := os.OpenFile(orders, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(strings.Join(lines, "")); err != nil {
			t.Fatal(err)
		}
	}
	write(order("1", "2026-01-01T09:10:00", "SP"), order("2", "2026-01-01T09:20:00", "<b>RJ</b>"), order("3", "2026-01-01T10:30:00", "SP"))
	run := exec.Command(harness.Binary(t), "stream", orders, "--follow", "--window", "1h", "--by", "region", "--checkpoint", filepath.Join(dir, "state"), "--checkpoint-interval", "100ms", "-o", windows)
	run.Env = append(os.Environ(), "ECOMCTL_NOW=2026-01-15T06:00:00Z")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Process.Kill(); _ = run.Wait() })
	until(t, "the first window", func() bool { text, _ := os.ReadFile(windows); return strings.Contains(string(text), "09:00") })
	s := serve(t, testdata(t, "shop.csv"), "--live", windows)
	b := newTab(t, s.URL)
	ask := func(js string) string { // the page may be on its way to the next look: then there is no answer
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](js))
		if err != nil {
			return ""
		}
		return v
	}
	lead := func() string {
		return ask(`(document.querySelector(".lead") || {textContent: ""}).textContent`)
	}
	b.open(t, s.URL+"/")
	if got := ask(`document.querySelector('nav.rail a[href^="/live"]').textContent`); got != "Live" {
		t.Errorf("the overview's navigation leads to the page as %q", got)
	}
	for _, look := range []screen{desktop, phone} {
		b.look(t, look)
		b.open(t, s.URL+"/live")
		until(t, "a page that holds still", func() bool {
			return ask(`document.documentElement.dataset.charts ? (document.querySelector("#hold[aria-pressed=false]")?.click(), window.ecomctlDrawAll(), document.querySelector("#hold").getAttribute("aria-pressed")) : ""`) == "true"
		})
		b.drawn(t, 2)
		b.fits(t)
		if got := lead(); !strings.Contains(got, "09:00–10:00 took 80.00") {
			t.Fatalf("the page says %q", got)
		}
	}
	if got := ask(`[...document.querySelectorAll("nav.rail > ol > li > a")].map(a => a.textContent + (a.ariaCurrent || "")).join(" ")`); !strings.Contains(got, "Overview Sales ") || !strings.Contains(got, "Livepage") {
		t.Errorf("the page's navigation is %q", got)
	}
	if got := ask(`[...document.querySelectorAll('main a[href*="csv="]')].map(a => new URL(a.href).searchParams.get("csv")).join(" ")`); got != "live-course live-groups live-windows" {
		t.Errorf("the page offers the tables %q", got)
	}
	ask(`(document.querySelector("#hold").click(), "")`) // and now it may go on
	write(order("4", "2026-01-01T10:40:00", "SP"), order("5", "2026-01-01T10:50:00", "SP"), order("6", "2026-01-01T11:30:00", "SP"))
	until(t, "the next window on the page", func() bool { return strings.Contains(lead(), "10:00–11:00 took 120.00") })
	b.quiet(t)
}

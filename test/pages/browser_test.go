package pages_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/ecomctl/ecomctl/internal/report"
)

// chromium returns the browser's path, or skips naming it. Under CI it must be there.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium: apt-get install chromium fonts-noto-cjk")
	}
	t.Skip("no Chromium: apt-get install chromium fonts-noto-cjk, or set CHROMIUM")
	return ""
}

// tab is a running Chromium that records what went wrong.
type tab struct {
	ctx       context.Context
	downloads string
	mu        sync.Mutex
	hosts     map[string]bool // that requests may go to
	bad       []string
}

// newTab starts a browser that may ask the given servers, and nobody else.
func newTab(t testing.TB, servers ...string) *tab {
	t.Helper()
	if !report.SelfContained() {
		if os.Getenv("ECOMCTL_REQUIRE_ASSETS") == "1" {
			t.Fatal("no chart library inside: make assets")
		}
		t.Skip("no chart library inside: make assets")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en"))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, done := context.WithTimeout(ctx, 12*time.Minute)
	t.Cleanup(done)
	b := &tab{ctx: ctx, downloads: t.TempDir(), hosts: map[string]bool{}}
	for _, s := range servers {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		b.hosts[u.Host] = true
	}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	}
	if err == nil {
		events := true
		_, err = chromedp.Call(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: b.downloads, EventsEnabled: &events})
	}
	if err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return b
}

// listen keeps errors, policy violations and every request to a stranger.
func (b *tab) listen(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.note("exception: %s", ev.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			b.note("console.%s", ev.Type)
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError || ev.Entry.Level == log.EntryLevelWarning {
			b.note("log: %s %s", ev.Entry.Text, ev.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(ev.Request.URL); err != nil || u.Scheme != "data" && u.Scheme != "blob" && u.Scheme != "about" && !b.hosts[u.Host] {
			b.note("request: %s", ev.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		b.note("dialog: %s", ev.Message)
	}
}

func (b *tab) note(format string, a ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bad = append(b.bad, fmt.Sprintf(format, a...))
}

func (b *tab) problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.bad...)
}

// quiet fails with everything that the browser complained about.
func (b *tab) quiet(t testing.TB) {
	t.Helper()
	for _, p := range b.problems() {
		t.Errorf("the browser said: %s", p)
	}
}

// screen says how a page is looked at.
type screen struct {
	width, height int64
	dark, mobile  bool
	scale         float64
}

var (
	desktop = screen{width: 1280, height: 900}
	phone   = screen{width: 375, height: 812, mobile: true}
	narrow  = screen{width: 320, height: 640, mobile: true}
	night   = screen{width: 1280, height: 900, dark: true}
)

// look sets the size and the theme.
func (b *tab) look(t testing.TB, s screen) {
	t.Helper()
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	if s.scale == 0 {
		s.scale = 1
	}
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: s.width, Height: s.height, DeviceScaleFactor: s.scale, Mobile: s.mobile})
	if err == nil {
		_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// open goes to an address and waits until the page is ready.
func (b *tab) open(t testing.TB, address string) {
	t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		t.Fatalf("opening %s: %v; the page said %q", address, err, b.problems())
	}
	b.ready(t)
}

// ready waits until the page has drawn its charts; one that says it is computing is waited for, and one that shows
// itself anew every few seconds is held, for a busy machine may need longer to look at it.
func (b *tab) ready(t testing.TB) {
	t.Helper()
	for range 6000 {
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => {
			if (document.querySelector(".waiting")) return "";
			const hold = document.getElementById("hold");
			if (hold && hold.getAttribute("aria-pressed") !== "true") hold.click();
			return document.documentElement.dataset.charts || "";
		})()`))
		if err == nil && v != "" {
			eval[bool](t, b, `(window.ecomctlDrawAll(), true)`)
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("the page never became ready; it said %q", b.problems())
}

// click clicks an element and waits for the page that it leads to.
func (b *tab) click(t testing.TB, selector string) {
	t.Helper()
	eval[bool](t, b, `(() => { window.left = true; const e = document.querySelector(`+quoted(selector)+`); if (!e) throw new Error("nothing to click"); e.click(); return true; })()`)
	b.arrive(t)
}

// arrive waits until another page than the one marked as left is ready.
func (b *tab) arrive(t testing.TB) {
	t.Helper()
	for range 6000 {
		left, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`window.left === true || document.readyState !== "complete"`))
		if err == nil && !left {
			b.ready(t)
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("no other page came")
}

func quoted(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}

// eval evaluates a JavaScript expression.
func eval[T any](t testing.TB, b *tab, js string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("evaluating %s: %v; the page said %q", js, err, b.problems())
	}
	return v
}

// at is the address of the page without the server.
func (b *tab) at(t testing.TB) string {
	t.Helper()
	return eval[string](t, b, `location.pathname + location.search`)
}

// saved waits for a downloaded file and returns its content.
func (b *tab) saved(t testing.TB, name string) string {
	t.Helper()
	file := filepath.Join(b.downloads, name)
	for range 2400 {
		if raw, err := os.ReadFile(file); err == nil && len(raw) > 0 {
			return string(raw)
		}
		time.Sleep(25 * time.Millisecond)
	}
	have, _ := os.ReadDir(b.downloads) //nolint:errcheck // for the message only
	t.Fatalf("%s was not saved; there are %v", name, have)
	return ""
}

// drawn fails unless every chart drew marks, with its colours resolved.
func (b *tab) drawn(t testing.TB, least int) {
	t.Helper()
	if blank := eval[string](t, b, `[...document.querySelectorAll(".chart")].filter(el => el.querySelectorAll("svg path, svg rect, svg text").length < 5).map(el => el.closest("figure").id).join(" ")`); blank != "" {
		t.Errorf("%s: charts without marks: %s", b.at(t), blank)
	}
	if n := eval[int](t, b, `document.querySelectorAll(".chart svg").length`); n < least {
		t.Errorf("%s: %d charts drawn, want %d", b.at(t), n, least)
	}
}

// fits fails when the page scrolls sideways.
func (b *tab) fits(t testing.TB) {
	t.Helper()
	if wide := eval[string](t, b, `document.documentElement.scrollWidth <= innerWidth ? "" : [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll")).slice(0, 5).map(e => e.tagName + "." + e.className + "#" + e.id).join(" ")`); wide != "" {
		t.Errorf("%s scrolls sideways: %s", b.at(t), wide)
	}
}

// capture takes a picture.
func capture(b *tab, p page.CaptureScreenshotParams) ([]byte, error) {
	shot, err := chromedp.Call(b.ctx, page.CaptureScreenshot, p)
	if err != nil {
		return nil, err
	}
	return shot.Data, nil
}

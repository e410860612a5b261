package report_test

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

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
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

// browser is a running Chromium that records what went wrong.
type browser struct {
	ctx context.Context
	mu  sync.Mutex
	bad []string
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, done := context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(done)
	b := &browser{ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	}
	if err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return b
}

// listen keeps errors, policy violations and every request that is not of the page itself.
func (b *browser) listen(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.note("exception: %s", ev.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			b.note("console.%s: %s", ev.Type, args(ev.Args))
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError || ev.Entry.Level == log.EntryLevelWarning {
			b.note("log: %s", ev.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(ev.Request.URL); err != nil || (u.Scheme != "file" && u.Scheme != "data" && u.Scheme != "blob") {
			b.note("request: %s", ev.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		b.note("dialog: %s", ev.Message)
	}
}

func args(list []*runtime.RemoteObject) string {
	var out []string
	for _, a := range list {
		out = append(out, string(a.Value))
	}
	return strings.Join(out, " ")
}

func (b *browser) note(format string, a ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bad = append(b.bad, fmt.Sprintf(format, a...))
}

func (b *browser) problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.bad...)
}

// screen says how a page is looked at.
type screen struct {
	width  int64
	height int64
	dark   bool
	mobile bool
	scale  float64
}

// open loads a page file at a screen size and waits until it is ready.
func (b *browser) open(t testing.TB, file string, s screen) {
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
	if err == nil {
		err = chromedp.Do(b.ctx, chromedp.Navigate("file://"+file))
	}
	if err != nil {
		t.Fatalf("opening %s: %v; the page said %q", filepath.Base(file), err, b.problems())
	}
	for range 400 {
		if eval[string](t, b, `document.documentElement.dataset.charts || ""`) != "" {
			eval[bool](t, b, `(window.ecomctlDrawAll(), true)`)
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s never became ready; it said %q", filepath.Base(file), b.problems())
}

// eval evaluates a JavaScript expression.
func eval[T any](t testing.TB, b *browser, js string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("evaluating %s: %v; the page said %q", js, err, b.problems())
	}
	return v
}

// shoot writes a PNG of height pixels of the page, beginning at an element ("" = the top).
func (b *browser) shoot(t testing.TB, file string, s screen, from string, height int64) {
	t.Helper()
	full := eval[float64](t, b, `document.documentElement.scrollHeight`)
	top := 0.0
	if from != "" {
		top = eval[float64](t, b, `document.querySelector("`+from+`").getBoundingClientRect().top + scrollY`)
	}
	h := min(float64(height), full-top)
	beyond := true
	shot, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &beyond,
		Clip: &page.Viewport{Y: top, Width: float64(s.width), Height: h, Scale: 1}})
	if err != nil {
		t.Fatalf("screenshot: %v", err)
	}
	if err := os.WriteFile(file, shot.Data, 0o644); err != nil {
		t.Fatal(err)
	}
}

package pages_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"

	"github.com/ecomctl/ecomctl/test/harness"
)

// TestScreenshots takes the pictures of docs/img. They are written there only with
// ECOMCTL_SCREENSHOTS=1, so that a test run leaves the tree as it was.
func TestScreenshots(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv("ECOMCTL_SCREENSHOTS") == "1" {
		dir = filepath.Join(harness.Root(t), "docs", "img")
	}
	shops := t.TempDir()
	shop := func(file string, args ...string) string {
		path := filepath.Join(shops, file)
		harness.Must(t, "", append([]string{"generate", "orders", "--rows", "60000", "--products", "400", "--customers", "9000", "--seed", "21", "--from", "2024-06-03", "--days", "728", "-o", path}, args...)...)
		return path
	}
	en := serve(t, shop("orders.parquet", "--regions", "us"), "--title", "Fern & Loom")
	zh := serve(t, shop("dingdan.parquet", "--regions", "cn", "--lang", "zh"), "--title", "蕨与织")
	upload := serve(t, testdata(t, "shop.csv"))
	b := newTab(t, en.URL, zh.URL, en.Monitor, upload.URL)
	up := send(t, upload.URL, testdata(t, "shop_zh_gb18030.csv"))
	for range 12 { // something to monitor
		body(t, en.URL+"/api/v1/sales")
		body(t, en.URL+"/customers")
	}
	time.Sleep(11 * time.Second) // two more looks at the machine
	for _, s := range []struct {
		name, address string
		look          screen
		height        int64
	}{
		{"pages-overview", en.URL + "/?period=90d", desktop, 1500},
		{"pages-sales", en.URL + "/sales?period=90d&by=region", desktop, 1900},
		{"pages-dark", en.URL + "/sales?period=12m&measure=orders&by=weekday", night, 1500},
		{"pages-phone", en.URL + "/customers?period=12m", screen{width: 375, height: 812, mobile: true, scale: 2}, 1500},
		{"pages-zh", zh.URL + "/?period=90d&lang=zh", desktop, 1500},
		{"pages-quality", en.URL + "/quality", desktop, 1500},
		{"pages-upload", upload.URL + up, desktop, 1300},
		{"pages-monitoring", en.Monitor + "/", desktop, 1700},
	} {
		b.look(t, s.look)
		b.open(t, s.address)
		b.fits(t)
		checkGlyphs(t, b)
		file := filepath.Join(dir, s.name+".png")
		b.shoot(t, file, s.look, s.height)
		shrink(t, file)
	}
	b.quiet(t)
}

// shoot writes a PNG of the upper pixels of the page.
func (b *tab) shoot(t testing.TB, file string, s screen, height int64) {
	t.Helper()
	h := min(float64(height), eval[float64](t, b, `document.documentElement.scrollHeight`))
	beyond := true
	shot, err := capture(b, page.CaptureScreenshotParams{CaptureBeyondViewport: &beyond, Clip: &page.Viewport{Width: float64(s.width), Height: h, Scale: 1}})
	if err != nil {
		t.Fatalf("screenshot: %v", err)
	}
	if err := os.WriteFile(file, shot, 0o600); err != nil {
		t.Fatal(err)
	}
}

// checkGlyphs fails when Chinese would be drawn as boxes: an unknown character and a Chinese one
// must not have the same picture.
func checkGlyphs(t testing.TB, b *tab) {
	t.Helper()
	same := eval[bool](t, b, `(() => {
		const c = document.createElement("canvas"), x = c.getContext("2d");
		const picture = s => { x.clearRect(0, 0, 60, 60); x.font = "40px " + getComputedStyle(document.body).fontFamily; x.fillText(s, 4, 44); return c.toDataURL(); };
		return picture("售") === picture("\u{10FFFD}") || picture("售") === picture("客");
	})()`)
	if same {
		t.Fatal("no Chinese glyphs: apt-get install fonts-noto-cjk")
	}
}

// shrink rewrites a picture with a palette of its 256 most frequent colours.
func shrink(t testing.TB, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	box, count := img.Bounds(), map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA) }
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	colors := make([]color.RGBA, 0, len(count))
	for c := range count {
		colors = append(colors, c)
	}
	slices.SortFunc(colors, func(a, b color.RGBA) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return int(a.R)<<16 + int(a.G)<<8 + int(a.B) - (int(b.R)<<16 + int(b.G)<<8 + int(b.B))
	})
	palette := color.Palette{}
	for _, c := range colors[:min(256, len(colors))] {
		palette = append(palette, c)
	}
	out, index := image.NewPaletted(box, palette), map[color.RGBA]uint8{}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := at(x, y)
			i, ok := index[c]
			if !ok {
				i = uint8(palette.Index(c)) //nolint:gosec // below 256
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	if b.Len() < len(raw) {
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

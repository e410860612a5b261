package report_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestScreenshots takes the pictures of docs/img. They are written there only with
// ECOMCTL_SCREENSHOTS=1, so that a test run leaves the tree as it was.
func TestScreenshots(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv("ECOMCTL_SCREENSHOTS") == "1" {
		dir = filepath.Join("..", "..", "docs", "img")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b := newBrowser(t)
	en := writePage(t, run{shop: shopOptions, lang: "en", title: "Fern & Loom"})
	shop := shopOptions
	shop.Regions, shop.Lang = "cn", "zh"
	zh := writePage(t, run{shop: shop, lang: "zh", title: "蕨与织"})
	shots := []struct {
		name   string
		file   string
		s      screen
		height int64
		paper  bool
		from   string // selector of the element to begin at; "" = the top
	}{
		{"report-desktop", en, screen{width: 1280, height: 900}, 1720, false, ""},
		{"report-dark", en, screen{width: 1280, height: 900, dark: true}, 1720, false, ""},
		{"report-phone", en, screen{width: 375, height: 812, mobile: true, scale: 2}, 1640, false, ""},
		{"report-print", en, screen{width: 760, height: 1075}, 2150, true, ""},
		{"report-zh", zh, screen{width: 1280, height: 900}, 1720, false, ""},
		{"report-customers", en, screen{width: 1280, height: 900}, 1800, false, "#customers"},
	}
	for _, s := range shots {
		b.open(t, s.file, s.s)
		if s.paper {
			_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
			if err != nil {
				t.Fatal(err)
			}
			eval[bool](t, b, `(dispatchEvent(new Event("beforeprint")), true)`)
			if theme := eval[string](t, b, `getComputedStyle(document.body).backgroundColor`); theme != "rgb(255, 255, 255)" {
				t.Errorf("paper is %s", theme)
			}
		}
		checkDrawn(t, b)
		checkGlyphs(t, b)
		file := filepath.Join(dir, s.name+".png")
		b.shoot(t, file, s.s, s.from, s.height)
		shrinkPNG(t, file)
	}
	checkQuiet(t, b)
}

// checkGlyphs fails when Chinese would be drawn as boxes: an unknown character and a
// Chinese one must not have the same picture.
func checkGlyphs(t testing.TB, b *browser) {
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

// shrinkPNG rewrites a screenshot with a palette of its 256 most frequent
// colours: pages have few, and the file gets three times smaller.
func shrinkPNG(t testing.TB, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	count := map[color.RGBA]int{}
	box := img.Bounds()
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
	palette := make(color.Palette, 0, 256)
	for _, c := range colors[:min(256, len(colors))] {
		palette = append(palette, c)
	}
	out := image.NewPaletted(box, palette)
	index := map[color.RGBA]uint8{}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := at(x, y)
			i, ok := index[c]
			if !ok {
				i = uint8(palette.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	if b.Len() < len(raw) {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

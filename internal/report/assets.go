package report

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io"
	"strings"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// The chart library comes from its npm package at build time (`make assets`); a
// binary built without it has only the placeholder.
//
//go:embed all:assets/dist
var dist embed.FS

//go:embed page/page.css
var pageCSS string

//go:embed page/page.js
var pageJS string

//go:embed page/theme.js
var themeJS string

// RemoteLibrary is where pages of a binary without the library load it from:
// go-echarts' default host.
const RemoteLibrary = "https://go-echarts.github.io/go-echarts-assets/assets/echarts.min.js"

// library is the chart library packed for the page.
type library struct {
	packed string // base64 of gzip; "" = not embedded
	hash   string // CSP source of the unpacked text
	err    error
}

var loadLibrary = sync.OnceValue(func() library {
	text, packed, err := readLibrary()
	if err != nil || text == nil {
		return library{err: err}
	}
	return library{packed: base64.StdEncoding.EncodeToString(packed), hash: hashSource(text)}
})

// readLibrary returns the library's text and its gzip form; both nil when the
// binary was built without it.
func readLibrary() (text, packed []byte, err error) {
	if packed, err = dist.ReadFile("assets/dist/echarts.min.js.gz"); err == nil {
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, nil, fault.New(fault.Internal, "unpacking the chart library: %w", err)
		}
		text, err = io.ReadAll(r)
		if err != nil {
			return nil, nil, fault.New(fault.Internal, "unpacking the chart library: %w", err)
		}
		return text, packed, nil
	}
	text, err = dist.ReadFile("assets/dist/echarts.min.js")
	if err != nil {
		return nil, nil, nil // built without: not an error
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		return nil, nil, fault.New(fault.Internal, "packing the chart library: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, nil, fault.New(fault.Internal, "packing the chart library: %w", err)
	}
	return text, b.Bytes(), nil
}

// SelfContained reports whether pages carry their chart library. When they do
// not, the caller says so once on standard error: charts then need a network.
func SelfContained() bool { return loadLibrary().packed != "" }

// hashSource returns the CSP source that admits exactly this inline script.
// Browsers hash the text after turning CR LF into LF.
func hashSource(script []byte) string {
	sum := sha256.Sum256([]byte(strings.ReplaceAll(string(script), "\r\n", "\n")))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// policy is the page's Content-Security-Policy: nothing from anywhere, scripts by
// their hashes only. Styles carry no data; the chart library sets some through the DOM.
func policy(lib library, scripts ...string) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; style-src " + "'unsafe-inline'" + "; script-src")
	for _, s := range scripts {
		b.WriteString(" " + hashSource([]byte(s)))
	}
	if lib.packed != "" {
		b.WriteString(" " + lib.hash)
	} else {
		b.WriteString(" " + RemoteLibrary)
	}
	return b.String()
}

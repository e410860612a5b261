package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// The chart library comes from its npm package at build time (`make assets`), packed
// by gzip, with the SHA-256 of its text; a binary built without it has only the placeholder.
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
	packed, err := dist.ReadFile("assets/dist/echarts.min.js.gz")
	if err != nil {
		return library{} // built without: not an error
	}
	sum, err := dist.ReadFile("assets/dist/echarts.min.js.sha256")
	if err != nil {
		return library{err: fault.New(fault.Internal, "reading the chart library's digest: %w", err).WithHint("run make assets and build again")}
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(sum)))
	if err != nil || len(raw) != sha256.Size {
		return library{err: fault.New(fault.Internal, "reading the chart library's digest: %q is none", sum)}
	}
	return library{packed: base64.StdEncoding.EncodeToString(packed), hash: cspSource(raw)}
})

// SelfContained reports whether pages carry their chart library. When they do
// not, the caller says so once on standard error: charts then need a network.
func SelfContained() bool { return loadLibrary().packed != "" }

// hashSource returns the CSP source that admits exactly this inline script.
// Browsers hash the text after turning CR LF into LF.
func hashSource(script []byte) string {
	sum := sha256.Sum256([]byte(strings.ReplaceAll(string(script), "\r\n", "\n")))
	return cspSource(sum[:])
}

// cspSource writes a digest as a CSP source.
func cspSource(sum []byte) string { return "'sha256-" + base64.StdEncoding.EncodeToString(sum) + "'" }

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

package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/serve"

	"github.com/ecomctl/ecomctl/internal/fault"
)

//go:embed assets
var files embed.FS

// asset is a file of the pages that never changes under its name.
type asset struct {
	kind   string
	plain  []byte
	packed []byte // gzip
}

// assets are the files by name; the names hold a digest of the content.
type assets struct {
	byName map[string]asset
	// Addresses as the templates write them; Library is "" in a binary without it.
	CSS, NoScriptCSS, Theme, Page, Web, Library, Icon string
}

func loadAssets() assets {
	a := assets{byName: map[string]asset{}}
	own := func(name string) []byte {
		b, err := files.ReadFile("assets/" + name)
		if err != nil {
			panic("web: " + err.Error()) // embedded: cannot be missing
		}
		return b
	}
	theme, page := report.Scripts()
	a.CSS = a.add("page.css", "text/css; charset=utf-8", []byte(report.CSS()+report.RoomCSS()+string(own("web.css"))))
	a.NoScriptCSS = a.add("noscript.css", "text/css; charset=utf-8", own("noscript.css"))
	a.Theme = a.add("theme.js", "text/javascript; charset=utf-8", []byte(theme))
	a.Page = a.add("page.js", "text/javascript; charset=utf-8", []byte(page))
	a.Web = a.add("web.js", "text/javascript; charset=utf-8", own("web.js"))
	a.Icon = a.add("icon.svg", "image/svg+xml", own("icon.svg"))
	if packed := report.Library(); packed != nil {
		a.Library = a.addPacked("echarts.js", "text/javascript; charset=utf-8", packed)
	}
	return a
}

func (a *assets) add(name, kind string, b []byte) string {
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is a valid one
	_, _ = z.Write(b)                                          // to memory
	_ = z.Close()
	return a.put(name, asset{kind: kind, plain: b, packed: packed.Bytes()})
}

func (a *assets) addPacked(name, kind string, packed []byte) string {
	return a.put(name, asset{kind: kind, packed: packed})
}

func (a *assets) put(name string, f asset) string {
	sum := sha256.Sum256(f.packed)
	base, ext, _ := strings.Cut(name, ".")
	name = base + "-" + hex.EncodeToString(sum[:6]) + "." + ext
	a.byName[name] = f
	return "/assets/" + name
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byName[r.PathValue("name")]
	if !ok {
		serve.WriteProblem(w, fault.New(fault.NotFound, "no file %q belongs to the pages", r.PathValue("name")))
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.packed
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
	} else if body = f.plain; body == nil {
		z, err := gzip.NewReader(bytes.NewReader(f.packed))
		if err == nil {
			body, err = io.ReadAll(z)
		}
		if err != nil {
			serve.WriteProblem(w, fault.New(fault.Internal, "unpacking %s: %w", r.PathValue("name"), err))
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client may be gone
}

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

package serve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/ecomctl/ecomctl/internal/serve/flight"
)

// renderer makes and remembers the bytes of answers.
type renderer struct {
	s     *Server
	calls flight.Group[[]byte]
}

func newRenderer(s *Server) *renderer { return &renderer{s: s} }

// RenderKey is the key of what depends on an answer's tag and on how it is shown: a format, a
// template's name, a page of a table.
func RenderKey(tag string, parts ...string) string {
	h := sha256.New()
	for _, p := range append([]string{tag}, parts...) {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// Render returns the bytes under a key: from the cache, from another request that makes them
// now, or from render. The bytes are shared: nobody changes them.
func (s *Server) Render(ctx context.Context, key string, render func(context.Context) ([]byte, error)) ([]byte, error) {
	if b, ok := s.conf.Cache.Get(ctx, key); ok {
		s.conf.Metrics.Cache("hit")
		return b, nil
	}
	b, shared, err := s.render.calls.Do(ctx, key, func(ctx context.Context) ([]byte, error) {
		b, err := render(ctx)
		if err == nil {
			s.conf.Cache.Put(ctx, key, b)
		}
		return b, err
	})
	if shared {
		s.conf.Metrics.Cache("shared")
	} else {
		s.conf.Metrics.Cache("miss")
	}
	return b, err
}

// Unchanged sets ETag and caching rules and answers 304 when the client has this tag already.
// A client asks again each time, which costs no computation.
func Unchanged(w http.ResponseWriter, r *http.Request, tag string) bool {
	h := w.Header()
	etag := `"` + tag + `"`
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Accept")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, have := range strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		have = strings.TrimPrefix(strings.TrimSpace(have), "W/")
		if have == etag || have == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestYARNScript runs the commands against a ResourceManager that answers with the files of the
// script's folder rm: a path's file, 404 without one, or what the name of its file says (PATH.401.json, PATH.500.json).
// The real one is test/yarn's.
func TestYARNScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/yarn",
		Setup: func(e *testscript.Env) error {
			rm := httptest.NewServer(answers(filepath.Join(e.WorkDir, "rm")))
			e.Defer(rm.Close)
			standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Refresh", "3; url="+rm.URL+r.URL.Path)
				http.Error(w, "This is standby RM. The redirect url is: /x", http.StatusTemporaryRedirect)
			}))
			e.Defer(standby.Close)
			gone := httptest.NewServer(nil)
			gone.Close()
			e.Setenv("RM", rm.URL)
			e.Setenv("STANDBY", standby.URL)
			e.Setenv("GONE", gone.URL)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("NO_COLOR", "1")
			return nil
		},
	})
}

func answers(dir string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(r.URL.Path, "/ws/v1/cluster/")))
		for suffix, status := range map[string]int{"": 200, ".401": 401, ".403": 403, ".500": 500} {
			b, err := os.ReadFile(base + suffix + ".json")
			if err != nil {
				continue
			}
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", "Negotiate")
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write(b)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"RemoteException":{"exception":"NotFoundException","message":"java.lang.Exception: app with id: ` + filepath.Base(base) + ` not found"}}`))
	})
}

package serve

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestHost(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{}, Hosts: []string{"shop.example.org"}})
	for host, status := range map[string]int{
		"127.0.0.1:5000": 200, "localhost": 200, "LOCALHOST:80": 200, "localhost.": 200, "[::1]:5000": 200, "192.0.2.7": 200,
		"shop.example.org": 200, "shop.example.org:5000": 200,
		"evil.example.org": 421, "localhost.evil.example.org": 421, "127.0.0.1.evil.example.org:5000": 421, "": 421, "shop.example.org.evil": 421,
	} {
		if w := do(s, "GET", "/healthz", "", "Host: "+host); w.Code != status {
			t.Errorf("Host %q: %d, want %d", host, w.Code, status)
		}
	}
}

func TestCrossSiteRequests(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{}})
	body, typ := `{"lang":"en"}`, "Content-Type: application/json"
	want(t, do(s, "POST", "/api/v1/reports", body, typ, "Sec-Fetch-Site: cross-site"), 403)
	want(t, do(s, "POST", "/api/v1/reports", body, typ, "Origin: http://evil.example.org"), 403)
	want(t, do(s, "POST", "/api/v1/reports", body, typ, "Sec-Fetch-Site: same-origin"), 202)
	want(t, do(s, "POST", "/api/v1/reports", body, typ), 202)
	w := do(s, "GET", "/api/v1/sales", "", "Origin: http://evil.example.org")
	if w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("another site may read answers")
	}
	for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
		if w.Header().Get(name) != value {
			t.Errorf("%s is %q", name, w.Header().Get(name))
		}
	}
}

func TestMethodsAndPlaces(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{rows: 1}})
	for _, m := range []string{"POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "NONSENSE"} {
		w := do(s, m, "/api/v1/sales", "")
		want(t, w, 405)
		if w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow %q", m, w.Header().Get("Allow"))
		}
	}
	if w := do(s, "HEAD", "/api/v1/sales", ""); w.Code != 200 || w.Header().Get("ETag") == "" {
		t.Errorf("HEAD: %d", w.Code)
	}
	for _, p := range []string{"/nothing", "/api/v1/", "/api/v1/sales/hourly", "/api/v1/../../etc/passwd"} {
		if w := do(s, "GET", p, ""); w.Code != 404 && w.Code != 307 && w.Code != 301 || w.Code == 404 && problem(w).Hint == "" {
			t.Errorf("%s: %d %s", p, w.Code, w.Body)
		}
	}
}

// TestProblemsForPeople: browsers get a page where one is mounted, programs JSON; what was refused is told apart,
// and the interface's own answers stay as they are.
func TestProblemsForPeople(t *testing.T) {
	s, _, secrets := keyServer(t, newClock())
	s.ShowProblems(func(w http.ResponseWriter, _ *http.Request, p Problem, admitted bool) {
		w.WriteHeader(p.Status)
		fmt.Fprintf(w, "page %v %s", admitted, p.Hint)
	})
	const browser, key = "Accept: text/html,application/xhtml+xml,*/*;q=0.8", "Authorization: Bearer "
	for _, c := range []struct {
		method, path, key string
		status            int
		body              string
	}{
		{"GET", "/nothing", secrets[Read], 404, "page true /api/docs"},
		{"POST", "/api/docs", secrets[Read], 405, "page true possible are GET, HEAD"},
		{"GET", "/nothing", "", 401, "page false send Authorization"},
		{"GET", "/api/v1/sales?limit=x", secrets[Read], 400, `"hint":"give a whole number`},
	} {
		w := do(s, c.method, c.path, "", browser, key+c.key)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
		if w := do(s, c.method, c.path, "", "Accept: */*", key+c.key); problem(w).Status != c.status {
			t.Errorf("%s %s to a program: %s", c.method, c.path, w.Body)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{}, MaxBody: 1000})
	big := `{"title":"` + strings.Repeat("x", 2000) + `"}`
	want(t, do(s, "POST", "/api/v1/reports", big, "Content-Type: application/json"), 413)
	want(t, do(s, "POST", "/api/v1/reports", `{"lang":"en"}`, "Content-Type: text/plain"), 415)
	for _, bad := range []string{`{`, `[]`, `{"lang":"xx"}`, `{"nope":1}`, `{"net":"yes"}`, `{"from":"x"}`, `{} {}`, `null`, `{"to":null}`, `{"lang":null}`} {
		want(t, do(s, "POST", "/api/v1/reports", bad, "Content-Type: application/json"), 400)
	}
}

func TestRate(t *testing.T) {
	c := newClock()
	s := newTestServer(t, Config{Backend: &fake{rows: 1}, Now: c.now, Rate: 2, Burst: 5})
	served := func() (n int) {
		for range 20 {
			w := do(s, "GET", "/api/v1/datasets", "")
			if w.Code == 200 {
				n++
			} else if want(t, w, 429); w.Header().Get("Retry-After") == "" {
				t.Error("429 without Retry-After")
			}
		}
		return n
	}
	if n := served(); n != 5 {
		t.Errorf("%d at once, want the burst of 5", n)
	}
	c.add(2 * time.Second)
	if n := served(); n != 4 {
		t.Errorf("%d after two seconds, want 4", n)
	}
	want(t, do(s, "GET", "/healthz", ""), 200) // supervisors are not limited
}

func TestBucketsAreBounded(t *testing.T) {
	c := newClock()
	b := newBuckets(1, 1, c.now)
	for i := range maxClients + maxClients/5 {
		b.take(time.Duration(i).String())
		if len(b.clients) > maxClients {
			t.Fatalf("%d clients are remembered", len(b.clients))
		}
	}
}

// keyServer is a server with a file of keys.
func keyServer(t *testing.T, c *clock) (s *Server, path string, secrets map[KeyScope]string) {
	t.Helper()
	path, secrets = filepath.Join(t.TempDir(), "keys.json"), map[KeyScope]string{}
	for _, scope := range []KeyScope{Read, Upload, Admin} {
		secret, err := AddKey(t.Context(), path, "k-"+scope.String(), scope, c.now(), 0)
		if err != nil {
			t.Fatal(err)
		}
		secrets[scope] = secret
	}
	keys, err := OpenKeys(path, c.now)
	if err != nil {
		t.Fatal(err)
	}
	s = newTestServer(t, Config{Backend: &fake{rows: 1}, Now: c.now, Keys: keys})
	s.Handle("POST /upload", Upload, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k, ok := KeyOf(r.Context())
		if !ok {
			t.Error("no key in the context")
		}
		w.Header().Set("X-Key", k.Name)
	}))
	return s, path, secrets
}

func TestKeys(t *testing.T) {
	c := newClock()
	s, path, secrets := keyServer(t, c)
	want(t, do(s, "GET", "/healthz", ""), 200)
	w := do(s, "GET", "/api/v1/sales", "")
	want(t, w, 401)
	if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("%q", w.Header())
	}
	w = do(s, "GET", "/api/docs", "", "Accept: text/html")
	if want(t, w, 401); !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic") {
		t.Errorf("a browser is not asked: %q", w.Header())
	}
	read := secrets[Read]
	want(t, do(s, "GET", "/api/v1/sales", "", "Authorization: Bearer "+read), 200)
	want(t, do(s, "GET", "/api/v1/sales", "", "X-API-Key: "+read), 200)
	r, _ := http.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth("anybody", read)
	want(t, do(s, "GET", "/api/v1/sales", "", "Authorization: "+r.Header.Get("Authorization")), 200)
	want(t, do(s, "POST", "/upload", "x", "Authorization: Bearer "+read), 403)
	for scope, name := range map[KeyScope]string{Upload: "k-upload", Admin: "k-admin"} {
		w := do(s, "POST", "/upload", "x", "Authorization: Bearer "+secrets[scope])
		if want(t, w, 200); w.Header().Get("X-Key") != name {
			t.Errorf("key %q", w.Header().Get("X-Key"))
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(string(file), secret) || len(secret) < 43 {
			t.Error("a secret is in the file, or short")
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
}

func TestKeysExpireAndGo(t *testing.T) {
	c := newClock()
	s, path, secrets := keyServer(t, c)
	short, err := AddKey(t.Context(), path, "short", Read, c.now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	get := func(secret string) int {
		return do(s, "GET", "/api/v1/sales", "", "Authorization: Bearer "+secret).Code
	}
	c.add(2 * keyRefresh) // the file is looked at again
	if get(short) != 200 {
		t.Error("a new key is not noticed")
	}
	c.add(time.Hour)
	w := do(s, "GET", "/api/v1/sales", "", "Authorization: Bearer "+short)
	if want(t, w, 401); !strings.Contains(problem(w).Detail, `"short" expired on 20`) || !strings.Contains(problem(w).Hint, "serve keys revoke short && ecomctl serve keys add short") {
		t.Errorf("%+v", problem(w))
	}
	if err := RevokeKey(t.Context(), path, "k-read"); err != nil {
		t.Fatal(err)
	}
	c.add(2 * keyRefresh)
	if get(secrets[Read]) != 401 {
		t.Error("a revoked key is good")
	}
	if err := RevokeKey(t.Context(), path, "k-read"); err == nil {
		t.Error("a key is revoked twice")
	}
	if err := os.WriteFile(path, []byte("{broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.add(2 * keyRefresh)
	if get(secrets[Admin]) != 200 {
		t.Error("a damaged file locks everybody out")
	}
	if _, err := AddKey(t.Context(), path, "x", Read, c.now(), 0); err == nil {
		t.Error("a damaged file was replaced")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c.add(2 * keyRefresh)
	if get(secrets[Admin]) != 401 {
		t.Error("keys of a file that is gone are good")
	}
}

func TestWrongKeysSlowDown(t *testing.T) {
	s, _, _ := keyServer(t, newClock())
	last := 0
	for range 30 {
		last = do(s, "GET", "/api/v1/sales", "", "Authorization: Bearer guess").Code
	}
	if last != 429 {
		t.Errorf("the thirtieth guess gets %d", last)
	}
}

func TestKeyFiles(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	for name, text := range map[string]string{"hash": `[{"name":"x","scope":"read","sha256":"12"}]`, "field": `[{"nme":"x"}]`, "json": `]`} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKeys(path, c.now); err == nil {
			t.Errorf("%s: %s is taken", name, text)
		}
	}
	open := filepath.Join(dir, "open")
	if err := os.WriteFile(open, []byte(`[]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeys(open, c.now); err == nil || !strings.Contains(err.Error(), "others may write") {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "a b", "../x", strings.Repeat("x", 65)} {
		if _, err := AddKey(context.Background(), filepath.Join(dir, "k"), bad, Read, c.now(), 0); err == nil {
			t.Errorf("a key is called %q", bad)
		}
	}
}

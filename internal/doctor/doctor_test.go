package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// TestExamine: checks that answer, fail, panic and hang, side by side within one deadline.
func TestExamine(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	checks := []Check{
		{Name: "well", Run: func(context.Context) (string, error) { return "all there", nil }},
		{Name: "ill", Run: func(context.Context) (string, error) {
			return "", fault.New(fault.Auth, "wrong password").WithHint("set it anew")
		}},
		{Name: "mad", Run: func(context.Context) (string, error) { panic("at the disco") }},
		{Name: "mute", Run: func(context.Context) (string, error) { <-hang; return "", nil }},
		{Name: "slow", Run: func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }},
	}
	found := Examine(context.Background(), checks, 50*time.Millisecond, time.Now)
	for i, want := range []string{"", "wrong password", "mad: at the disco", "no answer within 50ms", "no answer within 50ms"} {
		got := ""
		if found[i].Err != nil {
			got = found[i].Err.Error()
		}
		if got != want || found[i].Name != checks[i].Name {
			t.Errorf("%s: %q, want %q", found[i].Name, got, want)
		}
	}
	err := Verdict(found)
	if fault.KindOf(err) != fault.Data || err.Error() != "4 of 5 checks failed: ill, mad, mute, slow" {
		t.Errorf("%v", err)
	}
	if Verdict(found[:1]) != nil {
		t.Error("nothing failed")
	}
	tb := Table(found)
	if s := string(tb.Col("cure").Data.Str(1)); s != "set it anew" || tb.N != 5 || !tb.Col("found").Data.IsNull(1) {
		t.Errorf("cure %q", s)
	}
}

func TestExamineIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	found := Examine(ctx, []Check{{Name: "slow", Run: func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }}}, time.Minute, time.Now)
	if !errors.Is(found[0].Err, context.Canceled) {
		t.Errorf("%v", found[0].Err)
	}
}

func TestPage(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
		case "/moved":
			http.Redirect(w, r, "/ok", http.StatusFound)
		default:
			http.Error(w, "still loading", http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	for path, want := range map[string]string{"/ok": "", "/moved": "302 Found", "/": "503 Service Unavailable: still loading"} {
		_, err := Page("page", s.URL+path).Run(context.Background())
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || fault.HintOf(err) == "") {
			t.Errorf("%s: %v", path, err)
		}
	}
	c := Page("page", "http://user:secret@127.0.0.1:1/x")
	if _, err := c.Run(context.Background()); err == nil || strings.Contains(c.On+err.Error(), "secret") {
		t.Errorf("%s: %v", c.On, err)
	}
}

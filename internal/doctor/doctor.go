// Package doctor examines what an installation leans on: settings, inputs, disk, services. Every check
// has a deadline, all run side by side, and each failure comes with its cause and its cure.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Check is one thing to look at.
type Check struct {
	Name string // "database"
	On   string // what it is about, without secrets: a path, a URL; "" where the name says all
	// Run says what was found, or what is wrong as a fault with a hint.
	Run func(ctx context.Context) (found string, err error)
}

// Finding is how a check ended.
type Finding struct {
	Check
	Found string
	Err   error
	Took  time.Duration
}

// Examine runs the checks side by side, each for at most limit, and returns their findings in the
// checks' order. A check that does not heed its deadline is left behind.
func Examine(ctx context.Context, checks []Check, limit time.Duration, now func() time.Time) []Finding {
	out := make([]Finding, len(checks))
	var wg sync.WaitGroup
	for i, c := range checks {
		wg.Go(func() {
			begun := now()
			out[i] = examine(ctx, c, limit)
			out[i].Took = now().Sub(begun)
		})
	}
	wg.Wait()
	return out
}

func examine(ctx context.Context, c Check, limit time.Duration) Finding {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan Finding, 1)
	go func() {
		f := Finding{Check: c}
		defer func() {
			if p := recover(); p != nil {
				f.Err = fault.New(fault.Internal, "%s: %v", c.Name, p)
			}
			done <- f
		}()
		f.Found, f.Err = c.Run(ctx)
	}()
	late := fault.New(fault.Unavailable, "no answer within %s", limit).WithHint("is the service up and the address right? give it more time with --timeout")
	select {
	case f := <-done:
		if f.Err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && fault.HintOf(f.Err) == "" {
			f.Err = late
		}
		return f
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return Finding{Check: c, Err: ctx.Err()}
		}
		return Finding{Check: c, Err: late}
	}
}

// Specs are the result columns.
var Specs = []result.Spec{
	{Name: "check", Type: expr.Text, Desc: "what was looked at"},
	{Name: "on", Type: expr.Text, Desc: "the file, folder or address", Null: "the name says all"},
	{Name: "status", Type: expr.Text, Desc: "ok or failed"},
	{Name: "found", Type: expr.Text, Desc: "what is there", Null: "it failed"},
	{Name: "cause", Type: expr.Text, Desc: "what is wrong", Null: "nothing"},
	{Name: "cure", Type: expr.Text, Desc: "what to try", Null: "nothing is wrong, or nobody knows"},
	{Name: "seconds", Type: expr.Float, Unit: result.Seconds, Desc: "how long it took"},
}

// Table returns findings as a result.
func Table(findings []Finding) *result.Table {
	t := &result.Table{Name: "doctor", N: len(findings)}
	for _, s := range Specs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, len(findings))})
	}
	text := func(col int, s string) {
		if s == "" {
			result.AppendNull(&t.Columns[col].Data)
		} else {
			result.AppendText(&t.Columns[col].Data, s)
		}
	}
	for _, f := range findings {
		text(0, f.Name)
		text(1, f.On)
		status, cause := "ok", ""
		if f.Err != nil {
			status, cause, f.Found = "failed", f.Err.Error(), ""
		}
		text(2, status)
		text(3, f.Found)
		text(4, cause)
		text(5, fault.HintOf(f.Err))
		result.AppendFloat(&t.Columns[6].Data, f.Took.Seconds())
	}
	return t
}

// Verdict is a Data fault that names the checks that failed, or nil.
func Verdict(findings []Finding) error {
	var bad []string
	for _, f := range findings {
		if f.Err != nil {
			bad = append(bad, f.Name)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return fault.New(fault.Data, "%d of %d checks failed: %s", len(bad), len(findings), strings.Join(bad, ", "))
}

// Page checks that a web service answers a GET of url with 200.
func Page(name, url string) Check {
	on := config.Redact(url)
	return Check{Name: name, On: on, Run: func(ctx context.Context) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", fault.New(fault.Usage, "%s is no address", on).WithHint("addresses look like http://127.0.0.1:5000/healthz")
		}
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Do(req)
		if err != nil {
			return "", fault.New(fault.Unavailable, "asking %s: %w", on, err).WithHint("is it started, and is the port right? a firewall between?")
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		if resp.StatusCode != http.StatusOK {
			return "", fault.New(fault.Unavailable, "asking %s: it answers %s: %s", on, resp.Status, strings.TrimSpace(string(body))).WithHint("its log says why")
		}
		return fmt.Sprintf("answers %s", resp.Status), nil
	}}
}

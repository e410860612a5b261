package flink

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/backoff"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Gateway is Flink's SQL Gateway.
type Gateway struct{ s *service }

// NewGateway returns the gateway at an address, http://host:port. Nothing is called yet.
func NewGateway(address string, o Options) (*Gateway, error) {
	s, err := newService("Flink's SQL Gateway", "--gateway", address, o)
	if err != nil {
		return nil, err
	}
	return &Gateway{s}, nil
}

// Tested is the version of Flink whose answers are tested against the local engine's.
const Tested = "1.20"

// Check refuses what is no gateway, or one of another version.
func (g *Gateway) Check(ctx context.Context) error {
	var info struct{ ProductName, Version string }
	const doing = "asking for the version"
	if err := g.s.get(ctx, doing, "/v1/info", &info); err != nil {
		return err
	}
	if !strings.Contains(info.ProductName, "Flink") {
		return fault.New(fault.Usage, "%s: what answers at %s is no SQL Gateway of Flink", doing, g.s.base).WithHint("--gateway names the gateway, port 8083 by default; the JobManager's REST is another service")
	}
	return checkVersion(g.s, info.Version)
}

// checkVersion refuses versions whose meaning nobody compared.
func checkVersion(s *service, version string) error {
	if version == Tested || strings.HasPrefix(version, Tested+".") {
		return nil
	}
	return fault.New(fault.Usage, "%s at %s is of version %s; windows are proven equal on Flink %s only", s.name, s.base, version, Tested).
		WithHint("use a cluster of Flink %s: it is the version that has connectors for Kafka and MySQL", Tested)
}

// Statement is one of a script.
type Statement struct {
	What string // for messages: "making the table of the orders"
	SQL  string
}

// startTimeout is how long a statement may take: planning and handing a job to the cluster.
const startTimeout = 5 * time.Minute

// Run runs statements one after the other in a session of its own and returns the id of the job that the last one
// started. The job does not end with the session.
func (g *Gateway) Run(ctx context.Context, script []Statement) (job string, err error) {
	var session struct{ SessionHandle string }
	const doing = "opening a session"
	if err := g.s.send(ctx, doing, http.MethodPost, "/v1/sessions", map[string]any{"sessionName": "ecomctl"}, &session); err != nil {
		return "", err
	}
	if session.SessionHandle == "" {
		return "", g.s.lacks(doing, "session")
	}
	path := "/v1/sessions/" + url.PathEscape(session.SessionHandle)
	defer func() { // the gateway would drop it after a while
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = g.s.call(end, http.MethodDelete, path, nil, nil)
	}()
	for _, st := range script {
		if job, err = g.statement(ctx, path, st); err != nil {
			return "", err
		}
	}
	if job == "" {
		return "", fault.New(fault.Unavailable, "starting the job: Flink's SQL Gateway at %s named no job", g.s.base).WithHint("look for it with `ecomctl flink status`")
	}
	return job, nil
}

// statement runs one statement to its first result.
func (g *Gateway) statement(ctx context.Context, session string, st Statement) (string, error) {
	var op struct{ OperationHandle string }
	if err := g.s.send(ctx, st.What, http.MethodPost, session+"/statements", map[string]any{"statement": st.SQL}, &op); err != nil {
		return "", err
	}
	if op.OperationHandle == "" {
		return "", g.s.lacks(st.What, "operation")
	}
	operation := session + "/operations/" + url.PathEscape(op.OperationHandle)
	one, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		var r struct{ ResultType, JobID string }
		err := g.s.get(one, st.What, operation+"/result/0", &r)
		switch {
		case ctx.Err() == nil && one.Err() != nil:
			_ = g.s.call(context.WithoutCancel(ctx), http.MethodPost, operation+"/cancel", nil, nil)
			return "", fault.New(fault.Unavailable, "%s: Flink's SQL Gateway at %s had no result within %s", st.What, g.s.base, startTimeout).
				WithHint("does the gateway reach the JobManager? rest.address of its config names it; `ecomctl flink status` shows whether the job runs all the same")
		case ctx.Err() != nil:
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			_ = g.s.call(stop, http.MethodPost, operation+"/cancel", nil, nil)
			cancel()
			return "", fault.New(fault.Interrupted, "%s: %w", st.What, ctx.Err())
		case err != nil:
			return "", err
		case r.ResultType != "NOT_READY":
			return r.JobID, nil
		}
		backoff.Sleep(one, pause) // the next try tells why it ended
	}
}

// Duration prints a time as Flink's options take it.
func Duration(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + " ms" }

// Quote prints a text literal.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Set is the statement that sets an option of the session.
func Set(key, value string) Statement {
	return Statement{What: "setting " + key, SQL: fmt.Sprintf("SET %s = %s", Quote(key), Quote(value))}
}

package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/backoff"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
)

const (
	callTimeout = 15 * time.Second // of one call, answer included
	dialTimeout = 5 * time.Second
	firstWait   = 200 * time.Millisecond
	maxWait     = 5 * time.Second
	maxAnswer   = 64 << 20 // bytes of one answer
	maxHops     = 4        // ResourceManagers that standbys point to, besides those that were named
)

// Options say which cluster is asked, and how patiently.
type Options struct {
	Managers []string // base URLs of the ResourceManagers, of which one is active
	User     string   // who asks, where the cluster trusts names (user.name=); "" leaves it to the cluster
	// Patience is how long a call is repeated while no ResourceManager answers or is active; 0 means one round.
	Patience time.Duration
}

// Client asks ResourceManagers. Its methods may be called from several goroutines, but not
// while Patience is changed.
type Client struct {
	opt  Options
	http *http.Client
	last int // the ResourceManager that answered last
}

// NewClient checks the addresses. Nothing is dialled yet.
func NewClient(opt Options) (*Client, error) {
	if len(opt.Managers) == 0 {
		return nil, fault.New(fault.Usage, "no ResourceManager is named").
			WithHint("give --rm http://host:8088, or set HADOOP_CONF_DIR to the folder with yarn-site.xml")
	}
	for i, m := range opt.Managers {
		base, err := baseURL(m)
		if err != nil {
			return nil, err
		}
		opt.Managers[i] = base
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: callTimeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
	}
	return &Client{opt: opt, http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a standby points to the active one: that is a matter of this package
	}}}, nil
}

// baseURL checks and completes the address of a ResourceManager.
func baseURL(s string) (string, error) {
	full := strings.TrimSuffix(strings.TrimSpace(s), "/")
	if !strings.Contains(full, "://") {
		full = "http://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return "", fault.New(fault.Usage, "%s: not the address of a ResourceManager", config.Redact(s)).WithHint("write http://host:8088, that of its web pages (yarn.resourcemanager.webapp.address)")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "8088", "https": "8090"}[u.Scheme])
	}
	return u.String(), nil
}

// Managers returns the base URLs that are asked.
func (c *Client) Managers() []string { return c.opt.Managers }

// SetPatience changes how long calls are repeated: a command that follows a job outlives the
// restart of a ResourceManager.
func (c *Client) SetPatience(d time.Duration) { c.opt.Patience = d }

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// get asks for a resource under /ws/v1/cluster and decodes the JSON answer into v.
func (c *Client) get(ctx context.Context, doing, path string, v any) error {
	return c.call(ctx, doing, http.MethodGet, "/ws/v1/cluster/"+path, nil, v)
}

// told is a part of an answer that may be null, when there is none of it, but is there in all answers of
// a ResourceManager.
type told[T any] struct {
	value T
	there bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *told[T]) UnmarshalJSON(b []byte) error {
	t.there = true
	return json.Unmarshal(b, &t.value)
}

// lacks tells that an answer is none of a ResourceManager, for want of what those always have.
func lacks(doing, what string) error {
	return fault.New(fault.Input, "%s: what answered is no ResourceManager: there is no %s", doing, what).WithHint("%s", portHint)
}

// portHint is for answers of other services.
const portHint = "check that this is the port of the ResourceManager's web pages, 8088 by default"

// passing is an error that another ResourceManager, or the same one later, may not give.
type passing struct{ err error }

func (p passing) Error() string { return p.err.Error() }
func (p passing) Unwrap() error { return p.err }

// standby is the answer of a ResourceManager that is not the active one.
type standby struct{ at, active string }

func (s standby) Error() string { return s.at + " is on standby" }

// call sends a request to the ResourceManager that answered last, then to the others, and again until the patience
// ends. Requests must bear repetition.
func (c *Client) call(ctx context.Context, doing, method, path string, body []byte, v any) error {
	until := time.NewTimer(max(0, c.opt.Patience))
	defer until.Stop()
	managers := append([]string(nil), c.opt.Managers...)
	rounds := 0
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		rounds++
		var last error
		for i := 0; i < len(managers); i++ {
			at := (c.last + i) % len(managers)
			err := c.once(ctx, method, managers[at]+path, body, v)
			if err == nil {
				c.last = at % len(c.opt.Managers)
				return nil
			}
			if ctx.Err() != nil {
				return fault.Wrap(ctx.Err(), "%s", doing)
			}
			var p passing
			if !errors.As(err, &p) {
				return fault.Wrap(err, "%s", doing)
			}
			last = better(last, p.err)
			var s standby
			if errors.As(err, &s) && s.active != "" && !holds(managers, s.active) && len(managers) < len(c.opt.Managers)+maxHops {
				managers = append(managers, s.active)
			}
		}
		if !pause(ctx, wait, until.C) {
			if ctx.Err() != nil {
				return fault.Wrap(ctx.Err(), "%s", doing)
			}
			return c.unreachable(doing, rounds, last)
		}
	}
}

func holds(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// better is the error that tells more: anything tells more than a standby.
func better(a, b error) error {
	var s standby
	if a != nil && errors.As(b, &s) {
		return a
	}
	return b
}

// pause waits a random time about d; false when the context or the patience ends before.
func pause(ctx context.Context, d time.Duration, until <-chan time.Time) bool {
	t := time.NewTimer(backoff.Jitter(d))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-until:
	}
	return false
}

func (c *Client) unreachable(doing string, rounds int, err error) error {
	tried := strings.Join(c.opt.Managers, ", ")
	var s standby
	if errors.As(err, &s) {
		return fault.New(fault.Unavailable, "%s: no ResourceManager of %s is active (asked %d times)", doing, tried, rounds).
			WithHint("see `yarn rmadmin -getAllServiceState`, and name the others too (--rm, or yarn.resourcemanager.ha.rm-ids in yarn-site.xml)")
	}
	return fault.New(fault.Unavailable, "%s: the ResourceManager %s does not answer (asked %d times): %w", doing, tried, rounds, err).
		WithHint("check host and port of its web pages (--rm, or yarn.resourcemanager.webapp.address in yarn-site.xml), and that it runs and can be reached from here")
}

// once sends one request.
func (c *Client) once(ctx context.Context, method, at string, body []byte, v any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if c.opt.User != "" {
		sep := "?"
		if strings.Contains(at, "?") {
			sep = "&"
		}
		at += sep + "user.name=" + url.QueryEscape(c.opt.User)
	}
	req, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Internal, "%w", err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address is told already
		}
		return passing{err}
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return passing{fmt.Errorf("reading the answer: %w", err)}
	}
	if len(answer) > maxAnswer {
		return fault.New(fault.Full, "an answer of more than %d MiB", maxAnswer>>20).WithHint("ask for less (--queue, --user, --state)")
	}
	return decode(req.URL, res, answer, v)
}

// decode judges an answer and decodes it.
func decode(at *url.URL, res *http.Response, answer []byte, v any) error {
	base := at.Scheme + "://" + at.Host
	// A standby redirects, or (older ones) answers a page that sends browsers on after some seconds.
	if to := res.Header.Get("Location"); res.StatusCode/100 == 3 || strings.Contains(string(answer[:min(len(answer), 200)]), "This is standby RM") {
		return passing{standby{at: base, active: activeOf(to, res.Header.Get("Refresh"))}}
	}
	if res.StatusCode/100 == 2 {
		if v == nil {
			return nil
		}
		if err := json.Unmarshal(answer, v); err != nil {
			return fault.New(fault.Input, "%s answered what is no JSON of a ResourceManager (%w)", base, err).WithHint("%s", portHint)
		}
		return nil
	}
	why := remote(answer)
	if why == "" {
		why = res.Status
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized && strings.Contains(res.Header.Get("WWW-Authenticate"), "Negotiate"):
		return fault.New(fault.Auth, "%s asks for Kerberos (SPNEGO), which is not spoken here", base).WithHint("go through a gateway that logs in, or set hadoop.http.authentication.type to simple inside a closed network")
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return fault.New(fault.Auth, "%s refuses: %s", base, why).WithHint("ask as a user who may (--user, HADOOP_USER_NAME): the owner, or an administrator of the queue")
	case res.StatusCode == http.StatusNotFound:
		return fault.New(fault.NotFound, "%s", why).WithHint("see the applications with `ecomctl yarn apps --all`; finished ones are forgotten in time (yarn.resourcemanager.max-completed-applications)")
	case res.StatusCode/100 == 4:
		return fault.New(fault.Usage, "%s: %s", base, why)
	}
	return passing{fmt.Errorf("%s: %s", base, why)}
}

// remote is the message of a RemoteException, without the names of Java classes.
func remote(answer []byte) string {
	var doc struct {
		RemoteException struct {
			Message string `json:"message"`
		}
	}
	if json.Unmarshal(answer, &doc) != nil {
		return ""
	}
	return plain(doc.RemoteException.Message)
}

// plain takes the names of Java's exceptions off the front of a message.
func plain(s string) string {
	for {
		head, tail, ok := strings.Cut(s, ": ")
		if !ok || strings.ContainsAny(head, " \n") || !strings.HasSuffix(head, "Exception") && !strings.HasSuffix(head, "Error") {
			return strings.TrimSpace(s)
		}
		s = tail
	}
}

// activeOf is the base URL in a Location or a Refresh header ("3; url=http://…").
func activeOf(headers ...string) string {
	for _, h := range headers {
		if i := strings.Index(h, "http"); i >= 0 {
			if u, err := url.Parse(h[i:]); err == nil && u.Host != "" {
				return u.Scheme + "://" + u.Host
			}
		}
	}
	return ""
}

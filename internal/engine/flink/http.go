package flink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/backoff"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Options say how the services are called; zero values have defaults.
type Options struct {
	Timeout  time.Duration // of one call; 30 s
	Patience time.Duration // how long a service that does not answer is asked again; 5 s
	Secrets  []string      // what no message may hold, such as passwords in statements
}

// service is one of the two that speak HTTP.
type service struct {
	name string // for messages
	base string // http://host:port, without a slash at the end
	hint string // what to do when it does not answer
	opts Options
	http *http.Client
}

// newService checks an address.
func newService(name, flag, address string, o Options) (*service, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fault.New(fault.Usage, "%s: no address of %s", flag, name).WithHint("write http://host:port")
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	// nothing leads away from the service: a redirect would be followed with the statement and what it holds
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &service{name: name, base: strings.TrimSuffix(u.String(), "/"), hint: "is it up and reachable? " + flag + " names its address", opts: o, http: client}, nil
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	causes []string // the messages of the server, outermost first
}

func (r *refusal) Error() string {
	if len(r.causes) == 0 {
		return fmt.Sprintf("HTTP status %d", r.status)
	}
	return r.causes[len(r.causes)-1]
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 16 << 20

// get asks for something, again when the service does not answer. The time of calls counts: one that is not answered
// at all takes all patience.
func (s *service) get(ctx context.Context, doing, path string, out any) error {
	patience, cancel := context.WithTimeout(ctx, s.opts.Patience)
	defer cancel()
	pause := 100 * time.Millisecond
	for try := 1; ; try++ {
		err := s.call(ctx, http.MethodGet, path, nil, out)
		var no *refusal
		if err == nil || errors.As(err, &no) && no.status < 502 || !backoff.Sleep(patience, backoff.Jitter(pause)) {
			return s.told(ctx, doing, try, err)
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// send asks for a change, once.
func (s *service) send(ctx context.Context, doing, method, path string, in, out any) error {
	return s.told(ctx, doing, 1, s.call(ctx, method, path, in, out))
}

// call makes one request.
func (s *service) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return &refusal{res.StatusCode, causes(text)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return &refusal{res.StatusCode, []string{fmt.Sprintf("its answer is none of Flink's: %.80q", text)}}
	}
	return nil
}

// causes are the messages in the answer of a failure. Flink gives the trace of a Java exception as text: the lines that
// are no frames, each without the class's package.
func causes(text []byte) []string {
	var answer struct{ Errors []string }
	if json.Unmarshal(text, &answer) != nil || len(answer.Errors) == 0 {
		return nil
	}
	return trace(strings.Join(answer.Errors, "\n"))
}

// trace takes the messages out of the trace of a Java exception, outermost first.
func trace(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		frame := strings.HasPrefix(line, "\tat ") || strings.HasPrefix(line, "\t...")
		line = strings.TrimSpace(line)
		if frame || line == "" || line == "Internal server error." || strings.HasPrefix(line, "<Exception on server side:") || line == "End of exception on server side>" {
			continue
		}
		rest, caused := strings.CutPrefix(line, "Caused by: ")
		if len(out) > 0 && !caused && !exception(line) { // a message of several lines
			out[len(out)-1] += " " + line
			continue
		}
		out = append(out, plainClass(rest))
	}
	return out
}

// exception reports whether a line begins with the name of a Java exception.
func exception(line string) bool {
	name, _, _ := strings.Cut(line, ":")
	return strings.Contains(name, ".") && !strings.ContainsAny(name, " \t'\"")
}

// plainClass leaves out the packages of the class that a message begins with.
func plainClass(s string) string {
	name, message, ok := strings.Cut(s, ": ")
	if !exception(s) {
		return s
	}
	name = name[strings.LastIndexByte(name, '.')+1:]
	if !ok {
		return name
	}
	return name + ": " + plainClass(message)
}

// told gives an error its kind, the service's name and address, and a remedy.
func (s *service) told(ctx context.Context, doing string, tries int, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fault.New(fault.Interrupted, "%s: %w", doing, ctx.Err())
	}
	where := fmt.Sprintf("%s: %s at %s", doing, s.name, s.base)
	var no *refusal
	if !errors.As(err, &no) {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // without the address, which stands before it
		}
		return fault.New(fault.Unavailable, "%s did not answer in %d tries: %w", where, tries, err).WithHint("%s", s.hint)
	}
	for i := range no.causes {
		no.causes[i] = s.clean(no.causes[i])
	}
	switch no.status {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "%s: %w", where, no).WithHint("is this the address of %s, and does what was asked for still exist?", s.name)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.New(fault.Auth, "%s: %w", where, no).WithHint("Flink itself asks for no user: name an address behind the proxy that does")
	case http.StatusOK:
		return fault.New(fault.Unavailable, "%s: %w", where, no).WithHint("%s", s.hint)
	}
	if no.status < 400 {
		return fault.New(fault.Unavailable, "%s: %w: it points to another address", where, no).WithHint("name the service itself, and not what stands before it")
	}
	kind, hint := remedy(no.causes)
	return fault.New(kind, "%s: %w", where, no).WithHint("%s", hint)
}

// lacks tells that an answer is none of Flink's, for want of what those always have.
func (s *service) lacks(doing, what string) error {
	return fault.New(fault.Unavailable, "%s: %s at %s: its answer is none of Flink's: it has no %s", doing, s.name, s.base, what).WithHint("%s", s.hint)
}

// clean takes secrets out of a message and shortens it.
func (s *service) clean(text string) string {
	for _, secret := range s.opts.Secrets {
		if secret == "" {
			continue
		}
		text = strings.ReplaceAll(text, Quote(secret), "'***'")
		if len(secret) >= 6 { // a short one is a part of many words
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	const most = 600
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + " …"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

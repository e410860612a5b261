package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Problem is how an error is answered (RFC 9457, application/problem+json).
type Problem struct {
	Type   string `json:"type" format:"uri-reference" doc:"Where the kind of problem is described"`
	Title  string `json:"title" doc:"The kind of problem in words"`
	Status int    `json:"status" doc:"The HTTP status"`
	Detail string `json:"detail" doc:"What was being done and what was wrong"`
	Hint   string `json:"hint,omitempty" doc:"What to try"`
}

// titles name the kinds of errors for people.
var titles = map[fault.Kind]string{
	fault.Internal: "A bug in ecomctl", fault.Usage: "The request is wrong", fault.Input: "The input cannot be read",
	fault.Data: "The data breaks a rule", fault.NotFound: "Not there", fault.Auth: "Not allowed", fault.Locked: "In use by somebody else",
	fault.Unavailable: "Not available now", fault.Full: "No room", fault.Interrupted: "Interrupted",
}

// Statuses that are the protocol's own and no kind of fault's.
var protocol = map[int]struct{ name, title string }{
	http.StatusUnauthorized:          {"unauthorized", "A key is needed"},
	http.StatusMethodNotAllowed:      {"method", "The method is not allowed here"},
	http.StatusNotAcceptable:         {"not-acceptable", "No such representation"},
	http.StatusRequestEntityTooLarge: {"too-large", "The request is too large"},
	http.StatusUnsupportedMediaType:  {"media-type", "The body has another type"},
	http.StatusMisdirectedRequest:    {"host", "Not this server's name"},
	http.StatusTooManyRequests:       {"rate", "Too many requests"},
	http.StatusGone:                  {"gone", "It is no longer there"},
}

// statusError is an error whose HTTP status is not its kind's.
type statusError struct {
	error
	status int
}

func (e *statusError) Unwrap() error { return e.error }

// WithStatus gives an error an HTTP status of its own.
func WithStatus(status int, err error) error { return &statusError{err, status} }

// ProblemOf describes an error for the client. An error nobody classified is told without its
// words, which may hold what is not the client's business.
func ProblemOf(err error) Problem {
	var se *statusError
	if errors.As(err, &se) {
		p := protocol[se.status]
		return Problem{Type: problemType(p.name), Title: p.title, Status: se.status, Detail: err.Error(), Hint: fault.HintOf(err)}
	}
	kind := fault.KindOf(err)
	detail, hint := err.Error(), fault.HintOf(err)
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		kind, detail = fault.Unavailable, "the answer took longer than a request may"
		hint = "narrow the period or the columns, or start it as a job: POST /api/v1/jobs"
	case errors.As(err, &tooLong):
		return ProblemOf(WithStatus(http.StatusRequestEntityTooLarge, fault.New(fault.Usage, "the body is larger than %d bytes", tooLong.Limit)))
	case kind == fault.Internal:
		detail, hint = "an internal error; the server's log has the details", ""
	}
	return Problem{Type: problemType(kind.String()), Title: titles[kind], Status: kind.HTTPStatus(), Detail: detail, Hint: hint}
}

// problemType is where /api/docs describes a kind.
func problemType(name string) string { return "/api/docs#problem-" + name }

// WriteProblem answers a request with an error.
func WriteProblem(w http.ResponseWriter, err error) {
	p := ProblemOf(err)
	h := w.Header()
	for _, name := range []string{"ETag", "Link", "Content-Disposition", "Content-Encoding", "Content-Length", "X-Total-Count"} {
		h.Del(name)
	}
	if s, ok := RetryAfter(err); ok {
		h.Set("Retry-After", strconv.Itoa(s))
	} else if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	body, _ := json.Marshal(p) // strings and a number
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client may be gone
}

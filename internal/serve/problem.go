package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

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
	http.StatusRequestTimeout:        {"slow", "The request took too long to come"},
	http.StatusRequestEntityTooLarge: {"too-large", "The request is too large"},
	http.StatusUnsupportedMediaType:  {"media-type", "The body has another type"},
	http.StatusMisdirectedRequest:    {"host", "Not this server's name"},
	http.StatusTooManyRequests:       {"rate", "Too many requests"},
	http.StatusGone:                  {"gone", "It is no longer there"},
}

// ProblemKind is a kind of problem: its word in Problem.Type, and the words and the status that say it.
type ProblemKind struct{ Name, Title string }

// ProblemKinds lists what Problem.Type may be.
func ProblemKinds() (kinds []ProblemKind) {
	for k := fault.Internal; k <= fault.Interrupted; k++ {
		kinds = append(kinds, ProblemKind{k.String(), titles[k] + " (" + strconv.Itoa(k.HTTPStatus()) + ")"})
	}
	for _, status := range slices.Sorted(maps.Keys(protocol)) {
		kinds = append(kinds, ProblemKind{protocol[status].name, protocol[status].title + " (" + strconv.Itoa(status) + ")"})
	}
	return kinds
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

// remedies are what to try where an error itself does not say.
var remedies = map[int]string{
	http.StatusBadRequest:            "/api/docs tells the parameters of every path with their values",
	http.StatusUnauthorized:          "send Authorization: Bearer KEY; in a browser, the key is the password",
	http.StatusForbidden:             "ask who runs the server",
	http.StatusNotFound:              "/api/docs lists what is there",
	http.StatusRequestEntityTooLarge: "send less, or name an input below one of the server's roots: ?input=",
	http.StatusConflict:              "ask again in a moment",
	http.StatusUnprocessableEntity:   "`ecomctl doctor INPUT` and `ecomctl validate INPUT` say what is wrong with the data",
	http.StatusTooManyRequests:       "wait as long as Retry-After says",
	http.StatusInternalServerError:   "tell who runs the server: its log has the details at this time",
	http.StatusServiceUnavailable:    "ask again as late as Retry-After says",
	http.StatusInsufficientStorage:   "tell who runs the server: a disk is full",
}

// remedied is the problem with something to try.
func (p Problem) remedied() Problem {
	p.Hint = cmp.Or(p.Hint, remedies[p.Status], remedies[http.StatusNotFound])
	return p
}

// problemType is where /api/docs describes a kind.
func problemType(name string) string { return "/api/docs#problem-" + name }

// problemHeaders takes back what an answer would have said of itself, and says when to ask again.
func problemHeaders(w http.ResponseWriter, err error) Problem {
	p := ProblemOf(err).remedied()
	h := w.Header()
	for _, name := range []string{"ETag", "Link", "Content-Disposition", "Content-Encoding", "Content-Length", "X-Total-Count"} {
		h.Del(name)
	}
	if s, ok := RetryAfter(err); ok {
		h.Set("Retry-After", strconv.Itoa(s))
	} else if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	h.Set("Cache-Control", "no-store")
	return p
}

// WriteProblem answers a request with an error.
func WriteProblem(w http.ResponseWriter, err error) {
	p := problemHeaders(w, err)
	body, _ := json.Marshal(p) // strings and a number
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client may be gone
}

// ProblemPage answers a person's request with an error; admitted is false where the request was refused
// before anybody knew whose it is: nothing of the data may be told.
type ProblemPage func(w http.ResponseWriter, r *http.Request, p Problem, admitted bool)

// ShowProblems has errors outside the interface's own paths shown to browsers by a page.
func (s *Server) ShowProblems(page ProblemPage) { s.problems = page }

// Fail answers an admitted request with an error as the client can read it: a person's browser gets a page.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) { s.problem(w, r, err, true) }

// problem answers an error as the client can read it: a person's browser gets a page.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error, admitted bool) {
	if s.problems == nil || !ForPeople(r) {
		WriteProblem(w, err)
		return
	}
	s.problems(w, r, problemHeaders(w, err), admitted)
}

// ForPeople reports whether a request comes from a browser that would show a page.
func ForPeople(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

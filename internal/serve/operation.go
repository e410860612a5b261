package serve

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// operation is one operation of the interface: what OpenAPI says of it, and what it does.
type operation struct {
	*huma.Operation
	scope   KeyScope
	maxBody int64 // 0 = the server's
	handle  func(*call) error
}

// call is one request to an operation, its query checked.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	query map[string]string
}

func (c *call) ctx() context.Context { return c.r.Context() }

// mount adds an operation to the document and to the routes.
func (a *api) mount(op operation) {
	a.doc.AddOperation(op.Operation)
	known := map[string]*huma.Param{}
	var names []string
	for _, p := range op.Parameters {
		if p.In == "query" {
			known[p.Name] = p
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	if op.maxBody == 0 {
		op.maxBody = a.s.conf.MaxBody
	}
	a.s.HandleLarge(op.Method+" "+op.Path, op.scope, op.maxBody, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := readQuery(r.URL.RawQuery, known, names)
		if err == nil {
			err = op.handle(&call{w, r, q})
		}
		if err != nil {
			a.fail(w, r, err)
		}
	}))
}

// fail answers an error. Who is gone gets nothing; what nobody classified goes to the log.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil && !errors.Is(r.Context().Err(), context.DeadlineExceeded) {
		panic(http.ErrAbortHandler)
	}
	if errors.Is(r.Context().Err(), context.DeadlineExceeded) {
		err = context.DeadlineExceeded
	}
	if p := ProblemOf(err); p.Status == http.StatusInternalServerError {
		a.s.conf.Log.Error("internal error", "path", r.URL.Path, "query", r.URL.RawQuery, "error", err.Error())
	}
	WriteProblem(w, inQuery(err))
}

// flagName finds flags in messages that were written for the command line.
var flagName = regexp.MustCompile(`(^|[\s(,;:"])--([a-z][a-z-]*)`)

// asParameters words a text of the command line for the interface.
func asParameters(s string) string {
	return flagName.ReplaceAllStringFunc(s, func(m string) string {
		i := strings.Index(m, "--")
		name := m[i+2:]
		if name == "as-of" {
			name = pAsOf
		}
		return m[:i] + name
	})
}

// inQuery words a usage error for the interface: --from is the parameter from.
func inQuery(err error) error {
	var se *statusError
	if fault.KindOf(err) != fault.Usage || errors.As(err, &se) {
		return err
	}
	out := fault.New(fault.Usage, "%s", asParameters(err.Error()))
	if h := fault.HintOf(err); h != "" {
		_ = out.WithHint("%s", asParameters(h))
	}
	return out
}

// readQuery parses a query and checks it against the parameters: each known, given once, of its
// type.
func readQuery(raw string, known map[string]*huma.Param, names []string) (map[string]string, error) {
	if raw == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fault.New(fault.Usage, "reading the query: %w", err).WithHint("write %% as %%25, and other characters by their codes")
	}
	out := make(map[string]string, len(values))
	for name, vs := range values {
		p := known[name]
		switch {
		case p == nil && len(names) == 0:
			return nil, fault.New(fault.Usage, "unknown parameter %q: there are none here", name).WithHint("leave it out")
		case p == nil:
			return nil, fault.New(fault.Usage, "unknown parameter %q", name).WithHint("parameters are %s", strings.Join(names, ", "))
		case len(vs) > 1:
			return nil, fault.New(fault.Usage, "%s is given %d times", name, len(vs)).WithHint("give it once; lists are separated by commas")
		}
		if err := checkValue(p.Schema, vs[0]); err != nil {
			return nil, fault.New(fault.Usage, "%s=%s: %w", name, clip(vs[0]), err).WithHint("%s", wanted(p.Schema))
		}
		out[name] = vs[0]
	}
	return out, nil
}

// wanted says what a schema takes.
func wanted(s *huma.Schema) string {
	bound := func(word string, v *float64) string {
		if v == nil {
			return ""
		}
		return word + strconv.FormatFloat(*v, 'f', -1, 64)
	}
	switch {
	case s.Type == huma.TypeInteger:
		return "give a whole number" + bound(" from ", s.Minimum) + bound(" to ", s.Maximum)
	case s.Type == huma.TypeNumber:
		return "give a number, like 0.5" + bound(", from ", s.Minimum) + bound(" to ", s.Maximum)
	case s.Type == huma.TypeBoolean:
		return "give true or false"
	case len(s.Enum) > 0:
		return "choose one of them"
	case s.Format == "date":
		return "dates look like 2024-12-31"
	case s.MaxLength != nil:
		return "give a text of up to " + strconv.Itoa(*s.MaxLength) + " characters"
	}
	return "give a text"
}

// clip shortens a value for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// checkValue checks a value in a query against its schema.
func checkValue(s *huma.Schema, v string) error {
	var n float64
	switch s.Type {
	case huma.TypeInteger:
		i, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return errors.New("not an integer")
		}
		n = float64(i)
	case huma.TypeNumber:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(v, "xX_") {
			return errors.New("not a number")
		}
		n = f
	case huma.TypeBoolean:
		if v != "true" && v != "false" {
			return errors.New("neither true nor false")
		}
	default:
		return checkText(s, v)
	}
	if s.Minimum != nil && n < *s.Minimum {
		return errors.New("less than " + strconv.FormatFloat(*s.Minimum, 'f', -1, 64))
	}
	if s.Maximum != nil && n > *s.Maximum {
		return errors.New("more than " + strconv.FormatFloat(*s.Maximum, 'f', -1, 64))
	}
	return nil
}

func checkText(s *huma.Schema, v string) error {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, any(v)) {
		var words []string
		for _, e := range s.Enum {
			words = append(words, e.(string))
		}
		return errors.New("not one of " + strings.Join(words, ", "))
	}
	if s.MaxLength != nil && len([]rune(v)) > *s.MaxLength {
		return errors.New("longer than " + strconv.Itoa(*s.MaxLength) + " characters")
	}
	if s.MinLength != nil && len([]rune(v)) < *s.MinLength {
		return errors.New("empty")
	}
	if s.Format == "date" {
		if _, err := time.Parse(time.DateOnly, v); err != nil {
			return errors.New("not a date")
		}
	}
	if strings.ContainsRune(v, 0) {
		return errors.New("a NUL character")
	}
	return nil
}

// readBody reads a JSON body of exactly the type of to.
func (c *call) readBody(a *api, to any) error {
	if t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return WithStatus(http.StatusUnsupportedMediaType, fault.New(fault.Usage, "the body is not application/json").WithHint("send Content-Type: application/json"))
	}
	var raw any
	d := json.NewDecoder(c.r.Body)
	if err := d.Decode(&raw); err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return tooLong
		}
		return fault.New(fault.Usage, "reading the body: %w", err).WithHint("send one JSON object; /api/docs tells its members")
	}
	if d.More() {
		return fault.New(fault.Usage, "reading the body: more than one JSON value").WithHint("send one object")
	}
	if holdsNull(raw) { // the validator takes one for any member that may be left out
		return fault.New(fault.Usage, "reading the body: null is no value of any member").WithHint("leave the member out")
	}
	schema := a.doc.Components.Schemas.Schema(reflect.TypeOf(to).Elem(), true, "")
	var res huma.ValidateResult
	huma.Validate(a.doc.Components.Schemas, schema, huma.NewPathBuffer([]byte("body"), 4), huma.ModeWriteToServer, raw, &res)
	if len(res.Errors) > 0 {
		var words []string
		for _, e := range res.Errors {
			words = append(words, clip(e.Error()))
		}
		slices.Sort(words)
		return fault.New(fault.Usage, "reading the body: %s", strings.Join(words[:min(5, len(words))], "; ")).WithHint("/api/docs tells the members and their values")
	}
	text, err := json.Marshal(raw)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return fault.New(fault.Usage, "reading the body: %w", err)
	}
	return nil
}

// holdsNull reports whether a JSON value is null or holds one.
func holdsNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(v, holdsNull)
	case map[string]any:
		for _, m := range v {
			if holdsNull(m) {
				return true
			}
		}
	}
	return false
}

// writeJSON answers with a small JSON value.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "encoding an answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may be gone
	return nil
}

package receiver

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// Inbox keeps events: a collect.Inbox.
type Inbox interface {
	// Append returns when the lines are on the disk.
	Append(ctx context.Context, lines []byte) error
}

// Options say what is taken.
type Options struct {
	Inbox   Inbox
	MaxBody int64         // longest body in bytes, as it is sent and unpacked
	MaxLine int           // longest event that is delivered; longer ones are dead letters
	Slow    time.Duration // how long a body may take to come
	Now     func() time.Time
}

// receiver answers POST /events.
type receiver struct {
	o      Options
	log    *slog.Logger
	room   chan struct{} // one for each body that is read at the same time
	failed atomic.Bool   // the inbox did not keep the last events
}

// bodies of all requests together take no more memory, each as it was sent and as lines
const (
	bodyMemory  = 256 << 20
	mostAtOnce  = 256
	leastAtOnce = 4
)

// Mount makes a server take events. A key must allow uploads.
func Mount(s *serve.Server, o Options) {
	h := &receiver{o: o, log: s.Log(), room: make(chan struct{}, min(mostAtOnce, max(leastAtOnce, bodyMemory/(2*o.MaxBody))))}
	// the sizes of bodies are this handler's own business: it knows what to do about them
	s.HandleLarge("POST /events", serve.Upload, 1<<62, http.HandlerFunc(h.events))
	s.Handle("/events", serve.Upload, http.HandlerFunc(onlyPost))
	s.Handle("GET /healthz", serve.Public, http.HandlerFunc(healthy))
	s.Handle("GET /api/docs", serve.Public, http.HandlerFunc(docs))
	s.Handle("/", serve.Upload, http.HandlerFunc(nothing))
}

func onlyPost(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "POST")
	serve.WriteProblem(w, serve.WithStatus(http.StatusMethodNotAllowed, fault.New(fault.Usage, "%s is not possible here", clip(r.Method)).WithHint("send events by POST")))
}

func nothing(w http.ResponseWriter, r *http.Request) {
	serve.WriteProblem(w, fault.New(fault.NotFound, "nothing is at %s", clip(r.URL.Path)).WithHint("events go to POST /events"))
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"ok"}`+"\n") // the client may be gone
}

// docs tells people what is here.
func docs(w http.ResponseWriter, _ *http.Request) {
	var b strings.Builder
	b.WriteString("POST /events takes JSON objects: one or an array of them as application/json, or one a line as application/x-ndjson;\n" +
		"Content-Encoding may be gzip. 200 says that they are on the disk: {\"accepted\": n, \"dead\": n, \"errors\": [...]}.\n\nProblems:\n")
	for _, k := range serve.ProblemKinds() {
		fmt.Fprintf(&b, "  %s: %s\n", k.Name, k.Title)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, b.String()) // the client may be gone
}

// events takes the events of a request.
func (h *receiver) events(w http.ResponseWriter, r *http.Request) {
	a, err := h.take(w, r)
	if err != nil {
		w.Header().Set("Connection", "close") // the body may not be read to its end
		serve.WriteProblem(w, err)
		return
	}
	body, _ := json.Marshal(a) // numbers and texts
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	_, _ = w.Write(append(body, '\n')) // the client may be gone, and sends again
}

func (h *receiver) take(w http.ResponseWriter, r *http.Request) (*Answer, error) {
	lines, err := mediaOf(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	select {
	case h.room <- struct{}{}:
		defer func() { <-h.room }()
	default:
		return nil, serve.NewBusy(time.Second, fmt.Sprintf("%d requests are taken at the same time already", cap(h.room)))
	}
	body, err := h.body(w, r)
	if err != nil {
		return nil, err
	}
	e, err := readEvents(body, lines, h.o.MaxLine)
	if err != nil {
		return nil, err
	}
	if len(e.text) > 0 {
		err = h.kept(h.o.Inbox.Append(r.Context(), e.text))
	}
	return &e.answer, err
}

// kept tells a sender that its events were not kept. Why a disk fails is for who runs the receiver to know: it is logged, once
// until events are kept again.
func (h *receiver) kept(err error) error {
	if err == nil {
		h.failed.Store(false)
		return nil
	}
	kind := fault.KindOf(err)
	if kind == fault.Unavailable {
		return err
	}
	if !h.failed.Swap(true) {
		h.log.Error("events are refused: they cannot be kept", "error", err.Error())
	}
	if kind != fault.Full {
		kind = fault.Unavailable
	}
	return fault.New(kind, "keeping events: the disk does not take them").WithHint("send them again later; whoever runs the receiver finds the cause in its log")
}

// body reads a body, and unpacks it.
func (h *receiver) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > h.o.MaxBody {
		return nil, h.tooLarge()
	}
	// a connection without deadlines has none to set; the answer has time of its own
	_ = http.NewResponseController(w).SetReadDeadline(h.o.Now().Add(h.o.Slow))
	in := io.Reader(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	switch coding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, h.unread(err)
		}
		in = z
	default:
		w.Header().Set("Accept-Encoding", "gzip, identity") // RFC 9110, 15.5.16
		return nil, serve.WithStatus(http.StatusUnsupportedMediaType, fault.New(fault.Usage, "Content-Encoding %q cannot be read", clip(coding)).WithHint("gzip, or none"))
	}
	body, err := io.ReadAll(io.LimitReader(in, h.o.MaxBody+1))
	if err != nil {
		return nil, h.unread(err)
	}
	if int64(len(body)) > h.o.MaxBody {
		return nil, h.tooLarge()
	}
	return body, nil
}

func (h *receiver) tooLarge() error {
	return serve.WithStatus(http.StatusRequestEntityTooLarge, fault.New(fault.Usage, "the body is larger than %d bytes", h.o.MaxBody).
		WithHint("send fewer events at once; a packed body counts as it is unpacked"))
}

// unread says why a body could not be read.
func (h *receiver) unread(err error) error {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return h.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return serve.WithStatus(http.StatusRequestTimeout, fault.New(fault.Usage, "the body did not come within %s", h.o.Slow).WithHint("nothing of it was kept: send it again, or in smaller parts"))
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return fault.New(fault.Usage, "the body is not what gzip makes: %w", err).WithHint("nothing of it was kept: leave out Content-Encoding, or pack it")
	}
	return fault.New(fault.Usage, "the body cannot be read: %w", err).WithHint("nothing of it was kept: send it again")
}

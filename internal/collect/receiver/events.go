package receiver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/ecomctl/ecomctl/internal/collect"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// Answer is what a sender is told.
type Answer struct {
	Accepted int      `json:"accepted"` // events that will be delivered
	Dead     int      `json:"dead"`     // events that are kept as dead letters
	Errors   []Letter `json:"errors,omitempty"`
}

// Letter says why an event is a dead letter.
type Letter struct {
	Event  int    `json:"event"` // from 1: the element of an array, the line of a body of lines
	Cause  string `json:"cause"`
	Detail string `json:"detail,omitempty"`
}

// toldLetters is how many dead letters an answer names; all are counted.
const toldLetters = 100

// events are the events of a body, one a line.
type events struct {
	text   []byte
	answer Answer
	most   int // longest event that is delivered
}

// add takes an event. Blank lines are none.
func (e *events) add(nr int, event []byte) {
	cause, detail, blank := collect.Judge(event, e.most)
	switch {
	case blank:
		return
	case cause == "":
		e.answer.Accepted++
	default:
		e.answer.Dead++
		if len(e.answer.Errors) < toldLetters {
			e.answer.Errors = append(e.answer.Errors, Letter{nr, cause, detail})
		}
	}
	e.text = append(append(e.text, event...), '\n')
}

// media are the content types of bodies, and whether they hold one event a line.
var media = map[string]bool{"application/json": false, "application/x-ndjson": true, "application/ndjson": true, "application/jsonl": true}

// mediaOf tells how a body is to be read.
func mediaOf(header string) (lines bool, err error) {
	t, _, err := mime.ParseMediaType(header)
	lines, known := media[t]
	if err != nil || !known {
		return false, serve.WithStatus(http.StatusUnsupportedMediaType, fault.New(fault.Usage, "Content-Type %q cannot be read", clip(header)).
			WithHint("application/json for an object or an array, application/x-ndjson for one object a line"))
	}
	return lines, nil
}

// clip shortens what a client sent, for messages.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

// readEvents splits a body. What is no event but can be told from its neighbours becomes a dead letter; a body that
// is no JSON at all, or is cut off, is refused as a whole.
func readEvents(body []byte, lines bool, most int) (*events, error) {
	e := &events{most: most, text: make([]byte, 0, len(body)+1)}
	if lines {
		for nr := 1; len(body) > 0; nr++ {
			line, rest, _ := bytes.Cut(body, []byte("\n"))
			e.add(nr, line)
			body = rest
		}
		return e, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		return e, e.array(d)
	}
	var one json.RawMessage
	if err := d.Decode(&one); err != nil {
		return nil, notJSON("the body", err)
	}
	if err := atEnd(d); err != nil {
		return nil, err
	}
	return e, e.value(1, one)
}

// array takes the elements of an array.
func (e *events) array(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return notJSON("the body", err)
	}
	for nr := 1; d.More(); nr++ {
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			return notJSON(fmt.Sprintf("event %d", nr), err)
		}
		if err := e.value(nr, one); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return notJSON("the end of the array", err)
	}
	return atEnd(d)
}

// value takes a value of JSON, on one line.
func (e *events) value(nr int, v json.RawMessage) error {
	if bytes.ContainsAny(v, "\r\n") { // between members: a string holds none
		var line bytes.Buffer
		if err := json.Compact(&line, v); err != nil {
			return notJSON(fmt.Sprintf("event %d", nr), err)
		}
		v = line.Bytes()
	}
	e.add(nr, v)
	return nil
}

// atEnd proves that nothing follows.
func atEnd(d *json.Decoder) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Usage, "the body goes on behind its JSON value, at byte %d", d.InputOffset()).WithHint("send several events as an array, or one a line as application/x-ndjson")
	}
	return nil
}

// notJSON says what of a body is no JSON.
func notJSON(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Usage, "the body is cut off, or empty").WithHint("nothing of it was kept: send it again as a whole")
	}
	return fault.New(fault.Usage, "%s is no JSON: %w", what, err).WithHint("nothing of the body was kept: correct it and send it again; of lines (application/x-ndjson) only those that are no JSON are left out")
}

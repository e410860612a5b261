// Package fault gives every error of ecomctl a kind, a cause and a remedy.
//
// An error is made where it happens, wrapped with the gerund form ("opening
// orders.parquet: footer: …") on its way up, and reaches the user once, on
// standard error. Only one table maps a kind to an exit code or an HTTP status.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind says whose mistake an error is and what may be done about it.
type Kind uint8

// The kinds of errors. Internal is the zero value: an error nobody classified
// is a bug of ours until shown otherwise.
const (
	Internal    Kind = iota // a bug in ecomctl
	Usage                   // wrong flags or arguments
	Input                   // an input that cannot be read: missing, damaged, of a wrong type
	Data                    // readable data that breaks a rule, or an alert that fired
	NotFound                // a file, table or service that is not there
	Auth                    // no rights, wrong password
	Locked                  // somebody else holds it
	Unavailable             // a service that does not answer
	Full                    // no room: disk or memory budget
	Interrupted             // the user or the scheduler stopped it
)

// kinds is the one table of exit codes, HTTP statuses and names.
var kinds = [...]struct {
	name   string
	exit   int
	status int
}{
	Internal:    {"internal", 1, 500},
	Usage:       {"usage", 2, 400},
	Input:       {"input", 1, 422},
	Data:        {"data", 3, 422},
	NotFound:    {"not-found", 1, 404},
	Auth:        {"auth", 1, 403},
	Locked:      {"locked", 1, 409},
	Unavailable: {"unavailable", 1, 503},
	Full:        {"full", 1, 507},
	Interrupted: {"interrupted", 130, 499},
}

// String returns the stable name of the kind, as used in JSON errors.
func (k Kind) String() string { return kinds[k].name }

// ExitCode returns the process exit code of docs/contract.md for the kind.
func (k Kind) ExitCode() int { return kinds[k].exit }

// HTTPStatus returns the status that the REST API answers for the kind.
func (k Kind) HTTPStatus() int { return kinds[k].status }

// Error is an error with a kind and, where one is known, a remedy.
type Error struct {
	Kind Kind
	Msg  string // what was being done and what was wrong, gerund form
	Hint string // what to try; may be empty
	Err  error  // cause; may be nil
}

// Error implements error: the message, then the cause. The hint is not part of
// it; HintOf finds it.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Msg
	case e.Msg == "":
		return e.Err.Error()
	}
	return e.Msg + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of kind k. A %w verb in format keeps its argument
// reachable for errors.Is and errors.As.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Err: fmt.Errorf(format, args...)}
}

// WithHint adds a remedy and returns the error itself.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Wrap puts what was being done in front of err and keeps its kind. A nil err
// stays nil.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

// As gives err the kind k unless it already carries one. A nil err stays nil.
func As(k Kind, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{Kind: k, Err: err}
}

// KindOf returns the kind of the outermost classified error in the chain;
// a cancelled context is Interrupted, anything unclassified Internal.
func KindOf(err error) Kind {
	if errors.Is(err, context.Canceled) {
		return Interrupted
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// HintOf returns the first remedy found in the chain, or "".
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

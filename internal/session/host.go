package session

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/term"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Host is what the process around a session offers.
type Host struct {
	Files  vfs.Schemes // the trees of files that paths may lead to
	Stdin  io.Reader   // nil = "-" is no input
	Getenv func(string) string
	Now    func() time.Time
	// Say takes remarks for people; nil drops them.
	Say func(format string, args ...any)
	// Progress is told how far a scan is; nil = nobody asks.
	Progress *term.Progress
	// Remote opens inputs and answers instead of this machine; nil = this machine does.
	Remote Remote
}

func (h *Host) say(format string, args ...any) {
	if h.Say != nil {
		h.Say(format, args...)
	}
}

// ReadFile reads a small file, wherever its path leads.
func (h *Host) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	return vfs.ReadFile(ctx, h.Files.For(path), path, limit)
}

// Clock is the `now` of a run, in UTC: ECOMCTL_NOW or SOURCE_DATE_EPOCH fix it.
func (h *Host) Clock() (time.Time, error) {
	if v := h.Getenv("ECOMCTL_NOW"); v != "" {
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC(), nil
			}
		}
		return time.Time{}, fault.New(fault.Usage, "ECOMCTL_NOW=%s: not a time", v).WithHint("use RFC 3339, like 2026-01-31T06:00:00Z")
	}
	if v := h.Getenv("SOURCE_DATE_EPOCH"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return time.Time{}, fault.New(fault.Usage, "SOURCE_DATE_EPOCH=%s: not a number of seconds", v)
		}
		return time.Unix(n, 0).UTC(), nil
	}
	return h.Now().UTC(), nil
}

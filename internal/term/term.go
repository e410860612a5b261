// Package term knows the terminal: the three streams, whether people are looking
// at them, and the progress line.
package term

import (
	"io"
	"os"

	"golang.org/x/term"
)

// IO is what a command reads from and writes to. Data goes to Out, everything
// else to Err.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	InTTY    bool
	OutTTY   bool
	ErrTTY   bool
	Color    bool // Out is a terminal that shows colours
	Width    int  // columns of the terminal at Out; 0 when it is none
}

// System returns the process's own streams. NO_COLOR and TERM=dumb turn colours off.
func System(getenv func(string) string) *IO {
	s := &IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
	dumb := getenv("TERM") == "dumb"
	s.Color = s.OutTTY && getenv("NO_COLOR") == "" && !dumb
	s.ErrTTY = s.ErrTTY && !dumb
	if s.OutTTY {
		if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			s.Width = w
		}
	}
	return s
}

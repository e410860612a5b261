// Package cli is the command line: it parses flags into options, calls one
// function, and renders one result. It is the only package that knows cobra and exit
// codes.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/term"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// App is what commands need from the world around them.
type App struct {
	IO     *term.IO
	Getenv func(string) string
	Now    func() time.Time

	ctx   context.Context // of the command that runs
	trees vfs.Schemes

	submission *submission // of spark submit: what computes instead of this machine

	logJSON bool // --log-format json
	quiet   bool
	verbose bool
}

// Main runs the command line and returns the exit code of docs/contract.md.
func Main(args []string) int {
	app := &App{IO: term.System(os.Getenv), Getenv: os.Getenv, Now: time.Now}
	steadyHeap(os.Getenv)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { // a second interrupt ends the process at once
		<-ctx.Done()
		stop()
	}()
	// A closed pipe is an error of a write, not a signal that kills.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	return app.Run(ctx, args)
}

// Run runs one command and returns its exit code. Whatever goes wrong is told once,
// on the error stream.
func (a *App) Run(ctx context.Context, args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(a.IO.Err, "ecomctl: internal error: %v\nPlease report this with the command you ran.\n", p)
			if a.Getenv("ECOMCTL_DEBUG") != "" {
				a.IO.Err.Write(debug.Stack())
			}
			code = fault.Internal.ExitCode()
		}
	}()
	a.ctx = ctx
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(a.IO.In)
	root.SetOut(a.IO.Out)
	root.SetErr(a.IO.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return 0 // the reader has what it wanted
	}
	kind := fault.KindOf(err)
	if ctx.Err() != nil {
		kind = fault.Interrupted
	}
	a.tell(kind, err)
	return kind.ExitCode()
}

// tell prints an error and its remedy.
func (a *App) tell(kind fault.Kind, err error) {
	hint := fault.HintOf(err)
	if kind == fault.Interrupted {
		err, hint = errors.New("interrupted"), ""
	}
	if a.logJSON {
		json.NewEncoder(a.IO.Err).Encode(map[string]string{"level": "error", "kind": kind.String(), "message": err.Error(), "hint": hint})
		return
	}
	fmt.Fprintf(a.IO.Err, "ecomctl: %s\n", cleanLines(err.Error()))
	if hint != "" {
		fmt.Fprintf(a.IO.Err, "hint: %s\n", cleanLines(hint))
	}
}

// cleanLines makes a message of several lines (a caret under an expression) safe.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = render.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// say prints a remark for people on the error stream, unless -q.
func (a *App) say(format string, args ...any) {
	if a.quiet {
		return
	}
	msg := fmt.Sprintf(format, args...)
	if a.logJSON {
		json.NewEncoder(a.IO.Err).Encode(map[string]string{"level": "info", "message": msg})
		return
	}
	fmt.Fprintln(a.IO.Err, render.Clean(msg))
}

package serve

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/engine"
)

type patientKey struct{}
type progressKey struct{}

// WithPatience marks a question that waits for its turn however many do: jobs, whose number is
// bounded already.
func WithPatience(ctx context.Context) context.Context {
	return context.WithValue(ctx, patientKey{}, true)
}

// Patient reports whether a question waits however many do.
func Patient(ctx context.Context) bool { p, _ := ctx.Value(patientKey{}).(bool); return p }

// WithProgress lets a computation tell how far it is.
func WithProgress(ctx context.Context, p engine.Progress) context.Context {
	return context.WithValue(ctx, progressKey{}, p)
}

// ProgressOf returns who is told how far a computation is, or nil.
func ProgressOf(ctx context.Context) engine.Progress {
	p, _ := ctx.Value(progressKey{}).(engine.Progress)
	return p
}

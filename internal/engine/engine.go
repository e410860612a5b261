// Package engine defines what answers plans. The local engine scans files with
// Arrow-shaped batches; others print the same plans as SQL.
package engine

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Engine answers plans over relations.
type Engine interface {
	// Name is the word of --engine.
	Name() string
	// Run answers the whole plan in as few scans as it can. It stops within a
	// second of the context's end. A question it cannot answer is refused with a
	// fault.Usage error that names it.
	Run(ctx context.Context, rel *relation.Relation, plan query.Plan) (*query.Answer, error)
	// Explain says, for people, how it would run the plan.
	Explain(rel *relation.Relation, plan query.Plan) (string, error)
}

// Scorer is an engine that answers query.Scoring, so that customers need not come here to be scored.
type Scorer interface {
	Engine
	// Scores tells so.
	Scores()
}

// Writer is an engine that writes rows to a place of its own, so that they need not come here.
type Writer interface {
	Engine
	// Write makes the new folder to, which holds the rows as Parquet files in the order of their names. When it fails,
	// something may be left there.
	Write(ctx context.Context, rel *relation.Relation, rows query.Derived, to string) error
	// ExplainWrite says how it would write them.
	ExplainWrite(rel *relation.Relation, rows query.Derived, to string) (string, error)
}

// Progress receives how far a scan is. Calls come from several goroutines.
type Progress interface {
	// Start begins a phase of total units (bytes); total ≤ 0 is unknown.
	Start(phase string, total int64)
	// Add reports done units.
	Add(n int64)
	// Done ends the phase.
	Done()
}

package spark

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
)

// Session runs the statements of a Script and hands their answers over. Client is one, over Spark Connect; Job is another, whose
// statements a batch job has run.
type Session interface {
	// Exec runs a statement without an answer.
	Exec(ctx context.Context, sql string, op Op) error
	// Query runs a SELECT and hands its batches to op.Batch; see Client.Query.
	Query(ctx context.Context, sql string, op Op) (*arrow.Schema, error)
}

// announced is a Session that is told all statements before the first of them is asked.
type announced interface {
	begin(ctx context.Context, s *Script) error
}

package store

import (
	"context"
	"encoding/json"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// begin records that a command runs. A former run of it that was killed could not say so itself.
func (s *Store) begin(ctx context.Context, command string) (id int64, err error) {
	err = s.exec(ctx, "recording the run", `UPDATE runs SET state = 'failed', finished_at = ?, detail = '{"error":"broken off"}' WHERE command = ? AND state = 'running'`, s.clock(), command)
	if err != nil {
		return 0, err
	}
	err = s.DB.Retry(ctx, "recording the run", func(ctx context.Context) error {
		res, err := s.DB.ExecContext(ctx, "INSERT INTO runs (command, started_at, state, detail) VALUES (?, ?, 'running', '{}')", command, s.clock())
		if err == nil {
			id, err = res.LastInsertId()
		}
		return err
	})
	return id, err
}

// end records how a run ended. It does so also when the run was interrupted.
func (s *Store) end(ctx context.Context, id int64, failed error, detail any) error {
	state := "done"
	if failed != nil {
		state, detail = "failed", map[string]string{"error": failed.Error()}
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return fault.New(fault.Internal, "recording the run: %w", err)
	}
	if failed != nil && ctx.Err() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	err = s.exec(ctx, "recording the run", "UPDATE runs SET finished_at = ?, state = ?, detail = ? WHERE id = ?", s.clock(), state, string(text), id)
	if failed != nil {
		return nil // one error is enough
	}
	return err
}

func wrongCount(uri string, lines, wantLines, rejects, wantRejects int64) error {
	return fault.New(fault.Internal, "%s: the store holds %d lines and %d rejects, %d and %d were read, or their money differs", uri, lines, rejects, wantLines, wantRejects).
		WithHint("does another program write to line_store? Import again")
}

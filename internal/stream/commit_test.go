package stream

import (
	"context"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/session"
)

// memCommitter is a database of one table. A commit may end the run before it is done, or after it.
type memCommitter struct {
	memOutput           // what was committed
	wait      memOutput // what was put since
	job, id   string
	anew      bool
	beginner  string // the job of the run
	fail      func() (before, after bool)
}

func (o *memCommitter) Begin(_ context.Context, job string, fresh bool) (string, error) {
	o.beginner, o.anew, o.wait = job, fresh, memOutput{}
	if fresh || job != o.job {
		return "", nil
	}
	return o.id, nil
}

func (o *memCommitter) Put(ctx context.Context, t *result.Table) error { return o.wait.Put(ctx, t) }

func (o *memCommitter) Commit(_ context.Context, id string) error {
	before, after := o.fail()
	if before {
		return errCrash
	}
	if o.anew {
		o.lines, o.job, o.anew = nil, o.beginner, false
	}
	o.lines, o.id = append(o.lines, o.wait.lines...), id
	o.wait = memOutput{}
	if after {
		return errCrash
	}
	return nil
}

func (o *memCommitter) Sync(context.Context) (int64, error) { return 0, nil }
func (o *memCommitter) Restore(int64) error                 { return nil }
func (o *memCommitter) Full() bool                          { return len(o.wait.lines) > 50 }

// TestForeignTable: a checkpoint whose output was replaced is a clear stop.
func TestForeignTable(t *testing.T) {
	opts := testOptions(session.Settings{})
	opts.Checkpoint = t.TempDir()
	src := func(crash int) Source {
		return &memSource{parts: map[string][][]byte{"p": someOrders(500)}, pick: func(n int) int { return n - 1 }, crash: crash}
	}
	out := &memCommitter{fail: func() (bool, bool) { return false, false }}
	if _, err := Run(context.Background(), opts, src(-1), []string{"mem"}, Outputs{Rows: out}); err != nil {
		t.Fatal(err)
	}
	out.job = "another"
	if _, err := Run(context.Background(), opts, src(-1), []string{"mem"}, Outputs{Rows: out}); fault.KindOf(err) != fault.Input || fault.HintOf(err) == "" {
		t.Fatal(err)
	}
}

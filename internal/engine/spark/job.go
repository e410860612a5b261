package spark

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/parquet"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Work is what a batch job has to do: the answer of Queries[i] goes as Parquet files into the folder Folder(i) below the folder that
// the job is given, its columns named c0, c1, ….
type Work struct {
	Settings [][2]string
	Views    []Statement
	Queries  []Statement
}

// Folder is the name of the folder of the i-th answer.
func Folder(i int) string { return fmt.Sprintf("q%d", i) }

// Job is a Session whose statements a batch job runs, all of a plan in one job.
type Job struct {
	// Run runs the work and returns the folder that holds the answers.
	Run   func(ctx context.Context, w Work) (dir string, err error)
	Files vfs.FS // where the folder is
	// Memory bounds what reading one answer's file holds.
	Memory int64

	mu     sync.Mutex
	script *Script
	at     map[string]string // folder of the answer, by the text of its statement
}

// Exec implements Session. The views are part of every job.
func (j *Job) Exec(context.Context, string, Op) error { return nil }

// begin implements announced.
func (j *Job) begin(ctx context.Context, s *Script) error {
	j.script = s
	list := append(append(append([]Statement(nil), s.Proofs...), s.Facts), s.Queries...)
	return j.run(ctx, list)
}

func (j *Job) run(ctx context.Context, list []Statement) error {
	dir, err := j.Run(ctx, Work{j.script.Settings, j.script.Views, list})
	if err != nil {
		return err
	}
	at := map[string]string{}
	for i, st := range list {
		at[st.SQL] = strings.TrimSuffix(dir, "/") + "/" + Folder(i)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.at == nil {
		j.at = map[string]string{}
	}
	maps.Copy(j.at, at)
	return nil
}

// Query implements Session. A statement that was not among those of the plan costs another job.
func (j *Job) Query(ctx context.Context, sql string, op Op) (*arrow.Schema, error) {
	j.mu.Lock()
	dir, ok := j.at[sql]
	j.mu.Unlock()
	if !ok {
		if err := j.run(ctx, []Statement{{"more", sql}}); err != nil {
			return nil, err
		}
		j.mu.Lock()
		dir = j.at[sql]
		j.mu.Unlock()
	}
	return nil, j.read(ctx, dir, op)
}

// read hands over what is in a folder, in the order that Spark numbered its files.
func (j *Job) read(ctx context.Context, dir string, op Op) error {
	infos, err := j.Files.ReadDir(ctx, dir)
	if err != nil {
		return fault.Wrap(err, "reading the job's answer")
	}
	done := false
	for _, info := range infos {
		switch name := path.Base(info.Path); {
		case name == "_SUCCESS":
			done = true
		case info.Dir, strings.HasPrefix(name, "_"), strings.HasPrefix(name, "."):
		default:
			if err := j.file(ctx, info, op); err != nil {
				return fault.Wrap(err, "reading the job's answer")
			}
		}
	}
	if !done {
		return fault.New(fault.Input, "reading the job's answer: %s is not whole (no _SUCCESS)", dir).WithHint("submit it again")
	}
	return nil
}

// file hands over the batches of one file.
func (j *Job) file(ctx context.Context, info vfs.Info, op Op) error {
	f, err := j.Files.Open(ctx, info.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	set, err := parquet.Open(ctx, info.Path, onlyReads{f}, info.Size, parquet.Options{Memory: j.Memory})
	if err != nil {
		return err
	}
	defer set.Close()
	var want []source.Want
	for i := range set.Schema().NumFields() {
		want = append(want, source.Want{Col: i})
	}
	for _, s := range set.Splits() {
		if err := j.split(ctx, s, want, op); err != nil {
			return err
		}
	}
	return nil
}

// onlyReads hides the Close of a file.
type onlyReads struct{ io.ReaderAt }

func (j *Job) split(ctx context.Context, s source.Split, want []source.Want, op Op) error {
	r, err := s.Open(ctx, want)
	if err != nil {
		return err
	}
	defer r.Close()
	var b frame.Batch
	for {
		if err := r.Next(&b); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		rec, err := record(&b)
		if err != nil {
			return err
		}
		err = op.Batch(rec)
		rec.Release()
		if err != nil {
			return err
		}
	}
}

// record makes a record of the types that Spark's answers have over Connect.
func record(b *frame.Batch) (arrow.Record, error) {
	fields, cols := make([]arrow.Field, len(b.Cols)), make([]arrow.Array, len(b.Cols))
	for i := range b.Cols {
		a, err := column(&b.Cols[i], b.N)
		if err != nil {
			return nil, err
		}
		defer a.Release()
		cols[i], fields[i] = a, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: a.DataType(), Nullable: true}
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), cols, int64(b.N)), nil
}

func column(c *frame.Column, n int) (arrow.Array, error) {
	mem := memory.DefaultAllocator
	var add func(i int)
	var build array.Builder
	switch c.Kind {
	case frame.String:
		x := array.NewStringBuilder(mem)
		build, add = x, func(i int) { x.Append(string(c.Str(i))) }
	case frame.Float:
		x := array.NewFloat64Builder(mem)
		build, add = x, func(i int) { x.Append(c.F64[i]) }
	case frame.Int:
		x := array.NewInt64Builder(mem)
		build, add = x, func(i int) { x.Append(c.I64[i]) }
	case frame.Bool:
		x := array.NewBooleanBuilder(mem)
		build, add = x, func(i int) { x.Append(c.I64[i] != 0) }
	default:
		return nil, fault.New(fault.Internal, "%s values in Spark's answer", c.Type)
	}
	defer build.Release()
	for i := range n {
		if c.IsNull(i) {
			build.AppendNull()
		} else {
			add(i)
		}
	}
	return build.NewArray(), nil
}

package spark

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// answer writes a file of an answer as Spark would, with a null in each column.
func answer(t *testing.T, dir, name string, ints ...int64) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	fields := []arrow.Field{{Name: "c0", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "c1", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "c2", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, {Name: "c3", Type: arrow.FixedWidthTypes.Boolean, Nullable: true}}
	schema := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, v := range ints {
		b.Field(0).(*array.StringBuilder).Append(strings.Repeat("é", int(v)))
		b.Field(1).(*array.Int64Builder).Append(v)
		b.Field(2).(*array.Float64Builder).Append(float64(v) / 2)
		b.Field(3).(*array.BooleanBuilder).Append(v%2 == 1)
	}
	for i := range fields {
		b.Field(i).AppendNull()
	}
	rec := b.NewRecord()
	defer rec.Release()
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rows reads a column of integers, nulls as -1.
func rows(t *testing.T, j *Job, sql string) (out []int64, err error) {
	t.Helper()
	_, err = j.Query(t.Context(), sql, Op{Batch: func(r arrow.Record) error {
		if r.NumCols() != 4 || r.Column(0).DataType().ID() != arrow.STRING || r.Column(2).DataType().ID() != arrow.FLOAT64 || r.Column(3).DataType().ID() != arrow.BOOL {
			t.Errorf("columns are %v", r.Schema())
		}
		for i := range int(r.NumRows()) {
			if r.Column(1).IsNull(i) {
				if !r.Column(0).IsNull(i) || !r.Column(2).IsNull(i) || !r.Column(3).IsNull(i) {
					t.Error("a null was lost")
				}
				out = append(out, -1)
				continue
			}
			v := r.Column(1).(*array.Int64).Value(i)
			if r.Column(0).(*array.String).Value(i) != strings.Repeat("é", int(v)) || r.Column(2).(*array.Float64).Value(i) != float64(v)/2 || r.Column(3).(*array.Boolean).Value(i) != (v%2 == 1) {
				t.Errorf("row %d of another value", v)
			}
			out = append(out, v)
		}
		return nil
	}})
	return out, err
}

func TestJobReadsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	var asked []Work
	j := &Job{Files: vfs.Local{}, Memory: 64 << 20, Run: func(_ context.Context, w Work) (string, error) {
		asked = append(asked, w)
		return filepath.Join(dir, map[int]string{1: "first", 2: "second"}[len(asked)]), nil
	}}
	s := &Script{Settings: [][2]string{{"a", "b"}}, Views: []Statement{{"v", "CREATE"}}, Proofs: []Statement{{"p", "PROOF"}}, Facts: Statement{"f", "FACTS"}, Queries: []Statement{{"q", "ASKED"}, {"r", "AGAIN"}}}
	if err := j.begin(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 1 || len(asked[0].Queries) != 4 || len(asked[0].Views) != 1 || asked[0].Settings[0][0] != "a" {
		t.Fatalf("%+v", asked)
	}
	// the third statement is ASKED: several files, in their order; what begins with _ or . is none of them
	folder := filepath.Join(dir, "first", "q2")
	answer(t, folder, "part-00001.parquet", 3, 4)
	answer(t, folder, "part-00000.parquet", 1, 2)
	touch(t, filepath.Join(folder, ".part-00000.parquet.crc"))
	if _, err := rows(t, j, "ASKED"); fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "not whole") {
		t.Error(err)
	}
	touch(t, filepath.Join(folder, "_SUCCESS"))
	if got, err := rows(t, j, "ASKED"); err != nil || !slices.Equal(got, []int64{1, 2, -1, 3, 4, -1}) {
		t.Error(got, err)
	}
	// a statement that was not in the script costs another job with the same views
	answer(t, filepath.Join(dir, "second", "q0"), "part-00000.parquet", 9)
	touch(t, filepath.Join(dir, "second", "q0", "_SUCCESS"))
	if got, err := rows(t, j, "LATE"); err != nil || !slices.Equal(got, []int64{9, -1}) || len(asked) != 2 || len(asked[1].Queries) != 1 || len(asked[1].Views) != 1 {
		t.Error(got, err, asked)
	}
	if _, err := rows(t, j, "AGAIN"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

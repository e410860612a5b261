package clean_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

// checker is a writer that only checks what it is given.
type checker struct {
	t      *testing.T
	schema *arrow.Schema
	rows   int64
}

func (c *checker) open(s *arrow.Schema) (sink.Writer, error) { c.schema = s; return c, nil }
func (c *checker) Close() error                              { return nil }
func (c *checker) Write(b *frame.Batch) error {
	c.rows += int64(b.N)
	return sink.Check(b, c.schema)
}

// TestEveryParquetFile cleans the Parquet project's own files, each of their
// columns in turn as the order id: every type either works or is refused.
func TestEveryParquetFile(t *testing.T) {
	dir := os.Getenv("ECOMCTL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	files, err := filepath.Glob(filepath.Join(dir, "data", "parquet_testing", "data", "*.parquet"))
	if err != nil || len(files) == 0 {
		if os.Getenv("CI") == "true" && os.Getenv("ECOMCTL_REQUIRE_SHARED") == "1" {
			t.Fatal("reference data are required")
		}
		t.Skip("reference data are not here; set ECOMCTL_SHARED")
	}
	cleaned := 0
	for _, file := range files {
		d, err := open.Open(context.Background(), []string{file}, open.Options{})
		if err != nil {
			continue // the reader's own tests judge that
		}
		fields := d.Schema().Fields()
		for _, f := range fields[:min(len(fields), 12)] {
			rel, _, err := schema.Build(context.Background(), schema.BuildOptions{Fact: d, Maps: map[string]string{"order_id": f.Name}, KeepUnmapped: true})
			if err != nil {
				if k := fault.KindOf(err); k != fault.Usage {
					t.Errorf("%s, %s: %v %v", filepath.Base(file), f.Name, k, err)
				}
				continue
			}
			out, rejects := &checker{t: t}, &checker{t: t}
			sum, err := clean.Run(context.Background(), rel, clean.Options{Out: out.open, Rejects: rejects.open, Threads: 2})
			if err != nil {
				if k := fault.KindOf(err); k != fault.Input && k != fault.Usage && k != fault.Full {
					t.Errorf("%s, %s: %v %v", filepath.Base(file), f.Name, k, err)
				}
				continue
			}
			if sum.Account.Rows != out.rows+rejects.rows {
				t.Errorf("%s, %s: %d rows in, %d and %d out", filepath.Base(file), f.Name, sum.Account.Rows, out.rows, rejects.rows)
			}
			cleaned++
		}
		d.Close()
	}
	if cleaned < 50 {
		t.Errorf("only %d columns were cleaned", cleaned)
	}
}

package spark_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/figures"
	"github.com/ecomctl/ecomctl/test/harness"
)

// TestBesideSparkSQL times whole commands on a server that runs, in turn with the same statements given to spark-sql:
// that as a whole, and its statements alone by its own clock. `make spark-figures` writes docs/spark.md.
func TestBesideSparkSQL(t *testing.T) {
	if os.Getenv("ECOMCTL_SPARK_FIGURES") == "" {
		t.Skip("measured by `make spark-figures`")
	}
	const rounds, margin = 3, 2.0 // the margin is in seconds
	file := completeJourney(t)
	far := []string{"--engine", "spark", "--spark", server(t)}
	run(append([]string{"sales", file, "--by", "month"}, far...)...) // the server's first statement loads its classes
	text := fmt.Sprintf("| medians of %d rounds in turn, s | ecomctl | `spark-sql`, whole | its statements alone |\n|---|---|---|---|\n", rounds)
	for _, args := range [][]string{{"sales", file, "--by", "month"}, {"segments", file}, {"cohort", file}, {"rfm", file}} {
		args = slices.Concat(args, far)
		statements := explained(t, args)
		var ours, whole, alone []float64
		for range rounds {
			began := time.Now()
			harness.Must(t, "", args...)
			ours = append(ours, time.Since(began).Seconds())
			w, a := sparkSQL(t, statements)
			whole, alone = append(whole, w), append(alone, a)
		}
		line := strings.ReplaceAll(strings.Join(args[:len(args)-len(far)], " "), " "+file, "")
		text += fmt.Sprintf("| `%s` | %.1f | %.1f | %.1f |\n", line, median(ours), median(whole), median(alone))
		if median(ours) > median(whole)+margin {
			t.Errorf("%s: %.1f s, spark-sql takes %.1f s", line, median(ours), median(whole))
		}
	}
	t.Log("\n" + text)
	if err := figures.Write(filepath.Join(harness.Root(t), "docs", "spark.md"), "beside", text); err != nil {
		t.Fatal(err)
	}
}

// explained writes the statements of a command into a file.
func explained(t *testing.T, args []string) string {
	t.Helper()
	statements := filepath.Join(t.TempDir(), "statements.sql")
	if err := os.WriteFile(statements, harness.Must(t, "", append(args, "--explain")...), 0o600); err != nil {
		t.Fatal(err)
	}
	return statements
}

// timeTaken is how spark-sql tells the time of one statement.
var timeTaken = regexp.MustCompile(`Time taken: ([0-9.]+) seconds`)

// sparkSQL runs statements with spark-sql; it returns the seconds of the process and those of its statements.
func sparkSQL(t *testing.T, statements string) (whole, alone float64) {
	t.Helper()
	began := time.Now()
	c := exec.Command("bash", filepath.Join(scripts, "run.sh"), "sql", "-f", statements)
	c.Dir = t.TempDir() // for its metastore
	script, err := filepath.Abs(c.Args[1])
	if err != nil {
		t.Fatal(err)
	}
	c.Args[1] = script
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("spark-sql: %v\n%s", err, out)
	}
	whole = time.Since(began).Seconds()
	for _, m := range timeTaken.FindAllSubmatch(out, -1) {
		s, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		alone += s
	}
	if alone == 0 {
		t.Fatalf("spark-sql tells no times:\n%s", out)
	}
	return whole, alone
}

// median of an odd number of values.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

package yarn_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/figures"
)

// TestTune measures one job with Spark's defaults, with what `spark tune` proposes, and with that after the compaction that it
// proposes, in turn. `make tune-figures` writes docs/yarn.md.
func TestTune(t *testing.T) {
	if os.Getenv("ECOMCTL_TUNE_FIGURES") == "" {
		t.Skip("measured by `make tune-figures`")
	}
	const rounds, files, rows = 3, 120, 50_000
	rm := cluster(t)
	_, err := script(t, "spark/install.sh")
	need(t, "Spark", err)
	home, err := script(t, "spark/run.sh", "home")
	need(t, "Spark", err)
	settings(t, home)
	dir := t.TempDir()
	for i := range files {
		ecomctl(t, 0, "generate", "orders", "--rows", fmt.Sprint(rows), "--seed", fmt.Sprint(i), "-o", filepath.Join(dir, fmt.Sprintf("%03d.parquet", i)))
	}
	ecomctl(t, 0, "hdfs", "sync", dir, "hdfs:///many")
	began := time.Now()
	ecomctl(t, 0, "optimize", dir)
	compaction := time.Since(began).Seconds()
	ecomctl(t, 0, "hdfs", "sync", dir, "hdfs:///few")

	type way struct {
		name, input string
		flags       []string
		runs        []usage
	}
	ways := []*way{{name: "defaults", input: "hdfs:///many"}, {name: "`--tune`", input: "hdfs:///many", flags: []string{"--tune"}},
		{name: "`--tune`, compacted", input: "hdfs:///few", flags: []string{"--tune"}}}
	for range rounds {
		for i, w := range ways {
			args := append([]string{"spark", "submit", "geo", w.input, "-o", fmt.Sprintf("hdfs:///out/geo-%d.parquet", i)}, w.flags...)
			_, errs := ecomctl(t, 0, args...)
			w.runs = append(w.runs, used(t, rm, appPattern.FindString(errs)))
			t.Logf("%s: %+v", w.name, w.runs[len(w.runs)-1])
		}
	}
	text := fmt.Sprintf("| medians of %d rounds in turn |", rounds)
	for _, w := range ways {
		text += " " + w.name + " |"
	}
	text += "\n|---" + strings.Repeat("|---", len(ways)) + "|\n"
	for _, line := range []struct {
		name string
		of   func(usage) float64
	}{
		{"time of the application (s)", func(u usage) float64 { return u.Elapsed / 1000 }},
		{"memory × time (GB·s)", func(u usage) float64 { return u.Memory / 1024 }},
		{"cores × time (vcore·s)", func(u usage) float64 { return u.Cores }},
	} {
		text += "| " + line.name + " |"
		for _, w := range ways {
			text += fmt.Sprintf(" %.0f |", median(w.runs, line.of))
		}
		text += "\n"
	}
	text += fmt.Sprintf("\n%d order lines in %d files; the compaction took %.1f s. %d processors, load %s.\n", files*rows, files, compaction, runtime.NumCPU(), load(t))
	t.Log("\n" + text)
	if err := figures.Write("../../docs/yarn.md", "tune", text); err != nil {
		t.Fatal(err)
	}
}

// usage is what the ResourceManager counted of an application.
type usage struct {
	Elapsed float64 `json:"elapsedTime"`   // ms
	Memory  float64 `json:"memorySeconds"` // MB·s
	Cores   float64 `json:"vcoreSeconds"`
}

// used asks the ResourceManager what an application took.
func used(t *testing.T, rm, id string) usage {
	t.Helper()
	var doc struct {
		App struct {
			usage
			FinalStatus string
		}
	}
	rest(t, http.MethodGet, rm+"/ws/v1/cluster/apps/"+id, nil, &doc)
	if doc.App.FinalStatus != "SUCCEEDED" || doc.App.Memory == 0 {
		t.Fatalf("%s: %+v", id, doc.App)
	}
	return doc.App.usage
}

// median of an odd number of runs.
func median(runs []usage, of func(usage) float64) float64 {
	var v []float64
	for _, r := range runs {
		v = append(v, of(r))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// load is how many processes wanted a processor in the last quarter of an hour.
func load(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[2]
}

package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
)

var fixedNow = time.Date(2026, 1, 15, 6, 0, 0, 0, time.UTC)

func testHost() *session.Host {
	return &session.Host{Getenv: func(string) string { return "" }, Now: func() time.Time { return fixedNow }}
}

// testOptions are the options of most tests; the wall clock moves a second each time it is asked.
func testOptions(set session.Settings) Options {
	now := fixedNow
	return Options{
		Window: time.Hour, Interval: time.Second, Memory: 1 << 30, Horizon: 24 * time.Hour, Net: set.Net,
		Now:   func() time.Time { now = now.Add(100 * time.Millisecond); return now },
		Clock: func() (time.Time, error) { return fixedNow, nil },
		Say:   func(string, ...any) {},
		Relate: func(ctx context.Context, sample source.Dataset) (*relation.Relation, expr.Node, error) {
			s := session.Of(testHost(), set, sample)
			err := s.Relate(ctx, "orders", false)
			if err != nil {
				return nil, nil, err
			}
			return s.Rel, s.Req.Where, nil
		},
	}
}

// failer is what tests and properties share.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// batchAnswer is what `ecomctl query` says of the same lines, as lines of CSV.
func batchAnswer(t failer, text []byte, set session.Settings, by string) []string {
	t.Helper()
	ctx := context.Background()
	ds, err := ndjson.Open(ctx, "lines", bytes.NewReader(text), int64(len(text)), ndjson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := session.Of(testHost(), set, ds)
	if err := s.Relate(ctx, "orders", false); err != nil {
		t.Fatal(err)
	}
	s.Req.Params = map[string]string{"measure": "revenue,orders,units,customers", "by": by}
	eng, err := s.Engine()
	if err != nil {
		t.Fatal(err)
	}
	res, err := analysis.Run(ctx, eng, analysis.Query, s.Req)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := render.Write(&b, "csv", res.Main, render.Options{}); err != nil {
		t.Fatal(err)
	}
	if b.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// order is a generated line.
type order struct {
	at   time.Duration // event time since start
	text []byte
}

var start = time.Date(2025, 10, 3, 20, 0, 0, 0, time.UTC)

// drawOrders draws lines of a shop, in the order of their event time. The city says the window, so
// that a batch query can group by it.
func drawOrders(t *rapid.T, window time.Duration) []order {
	var out []order
	n := rapid.IntRange(1, 60).Draw(t, "rows")
	for range n {
		at := time.Duration(rapid.IntRange(0, 6*3600).Draw(t, "at")) * time.Second
		ts := start.Add(at)
		day := ts.Truncate(24 * time.Hour)
		city := day.Add(ts.Sub(day) / window * window).Format("w2006-01-02T15:04:05Z")
		text := fmt.Sprintf(`{"order_id":%q,"order_ts":%q,"customer_id":%s,"product_id":%q,"quantity":%s,"unit_price":%s,"city":%q,"region":%s,"status":%q}`,
			rapid.SampledFrom([]string{"o1", "o2", "o3", "o4", "00017", "17", ""}).Draw(t, "order"),
			ts.Format(rapid.SampledFrom([]string{"2006-01-02T15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05.000"}).Draw(t, "layout")),
			rapid.SampledFrom([]string{`"c1"`, `"c2"`, `"c3"`, `"ü"`, "null"}).Draw(t, "customer"),
			rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "product"),
			rapid.SampledFrom([]string{"1", "2.5", "-1", "0", "0.1", "null", `"x"`}).Draw(t, "quantity"),
			rapid.SampledFrom([]string{"1", "2.55", "0.00005", "-3", "0", "99999999.9999"}).Draw(t, "price"),
			city,
			rapid.SampledFrom([]string{`"SP"`, `"RJ"`, `"São"`, "null", `""`}).Draw(t, "region"),
			rapid.SampledFrom([]string{"paid", "paid", "paid", "cancelled"}).Draw(t, "status"))
		if rapid.IntRange(0, 19).Draw(t, "bad") == 0 {
			text = rapid.SampledFrom([]string{text[:len(text)/2], "[]", "17", `{"order_id":"o1"}`, text + text}).Draw(t, "broken")
		}
		out = append(out, order{at, []byte(text)})
	}
	slices.SortStableFunc(out, func(a, b order) int { return int(a.at - b.at) })
	return out
}

// sampleLine makes the columns and kinds of every draw the same, for stream and batch; it is
// outside of what the answers are compared on.
const sampleLine = `{"order_id":"o0","order_ts":"2025-10-01T00:00:00","customer_id":"c0","product_id":"p0","quantity":0.5,"unit_price":0.5,"city":"w2025-10-01T00:00:00Z","region":"SP","status":"paid"}`

// TestEqualsBatch: any order within lateness, any batches of any partitions, crashes at any points
// and state that does not fit memory give the batch answer, cell by cell, and each row of a revision once.
func TestEqualsBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := session.Settings{Net: rapid.Bool().Draw(t, "net"), MaxRejects: "1"}
		opts := testOptions(set)
		opts.Window = rapid.SampledFrom([]time.Duration{time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "window")
		opts.By = []string{"region"}
		jitter := rapid.SampledFrom([]time.Duration{0, time.Minute, 2 * time.Hour}).Draw(t, "disorder")
		opts.Lateness = rapid.SampledFrom([]time.Duration{0, 30 * time.Second, time.Hour, 3 * time.Hour}).Draw(t, "lateness")
		opts.Delay = max(0, jitter-opts.Lateness)
		if rapid.Bool().Draw(t, "small memory") {
			opts.Memory = 0
		}
		rows := drawOrders(t, opts.Window)
		repeats := rapid.Bool().Draw(t, "repeats")
		if repeats {
			opts.DedupeKey = []string{"order_id", "product_id", "city", "quantity", "unit_price", "customer_id", "region", "status", "order_ts"}
			opts.Horizon = 48 * time.Hour
		}
		var text bytes.Buffer
		text.WriteString(sampleLine + "\n")
		for _, r := range rows {
			text.Write(append(r.text, '\n'))
		}
		set.Dedupe, set.AsOf = repeats, "2026-01-16" // else reversals after the last sold line are outside
		if repeats {                                 // the same rows once more, somewhere within the disorder
			for _, r := range slices.Clone(rows) {
				if rapid.IntRange(0, 3).Draw(t, "again") == 0 {
					rows = append(rows, r)
				}
			}
		}
		src := &memSource{parts: shuffle(t, rows, jitter), pick: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "batches"), 1)).IntN}
		out, counts := runWithCrashes(t, opts, src)
		if !counts.Balanced() || counts.Late != 0 || counts.Records != int64(len(rows)+len(src.parts)) {
			t.Fatalf("of %d records: %s", len(rows)+len(src.parts), counts.String())
		}
		compare(t, batchAnswer(t, text.Bytes(), set, "city,region"), finalRows(t, out))
	})
}

// shuffle shares rows among partitions, each out of order by jitter at most. Every partition
// begins with the line that decides on columns.
func shuffle(t *rapid.T, rows []order, jitter time.Duration) map[string][][]byte {
	n := rapid.IntRange(1, 3).Draw(t, "partitions")
	type late struct {
		at   time.Duration
		text []byte
	}
	lists := make([][]late, n)
	for _, r := range rows {
		k := rapid.IntRange(0, n-1).Draw(t, "partition")
		lists[k] = append(lists[k], late{r.at + time.Duration(rapid.Int64Range(0, int64(jitter/time.Second)).Draw(t, "late"))*time.Second, r.text})
	}
	parts := map[string][][]byte{}
	for k, l := range lists {
		slices.SortStableFunc(l, func(a, b late) int { return int(a.at - b.at) })
		lines := [][]byte{[]byte(sampleLine)}
		for _, r := range l {
			lines = append(lines, r.text)
		}
		parts[fmt.Sprintf("p%d", k)] = lines
	}
	return parts
}

// runWithCrashes runs until the end, with crashes in between.
func runWithCrashes(t *rapid.T, opts Options, src *memSource) (*memOutput, *Counts) {
	dir, err := os.MkdirTemp("", "stream-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	opts.Checkpoint, opts.noSync = dir, true
	out := &memOutput{}
	var rows Output = out
	failing := false // while the run may still crash
	if rapid.Bool().Draw(t, "commits") {
		o := &memCommitter{fail: func() (bool, bool) {
			at := 2
			if failing {
				at = rapid.IntRange(0, 6).Draw(t, "commit fails")
			}
			return at == 0, at == 1
		}}
		rows, out = o, &o.memOutput
	}
	for crash := rapid.IntRange(0, 3).Draw(t, "crashes"); ; crash-- {
		src.crash = -1
		if crash > 0 {
			src.crash = rapid.IntRange(0, 30).Draw(t, "crash after")
		}
		failing = crash > 0
		sum, err := Run(context.Background(), opts, src, []string{"mem"}, Outputs{Rows: rows})
		switch {
		case errors.Is(err, errCrash):
		case err != nil:
			t.Fatal(err)
		default:
			return out, &sum.Counts
		}
	}
}

// finalRows takes the last revision of every group of every window, without the columns that a
// batch query does not have and the windows of the sample line; a row that is there twice fails.
func finalRows(t *rapid.T, out *memOutput) []string {
	last, once := map[string]string{}, map[string]bool{}
	for _, line := range out.lines {
		f := strings.Split(line, ",") // window_start,window_end,region,revenue,orders,units,customers,revision
		key := "w" + f[0] + "," + f[2]
		if id := key + "," + f[7]; once[id] {
			t.Fatalf("written twice: %s", line)
		} else {
			once[id] = true
		}
		last[key] = key + "," + strings.Join(f[3:7], ",")
	}
	var rows []string
	for _, r := range last {
		if !strings.HasPrefix(r, "w2025-10-01") {
			rows = append(rows, r)
		}
	}
	slices.Sort(rows)
	return rows
}

// compare fails at the first difference.
func compare(t *rapid.T, batch, streamed []string) {
	want := slices.DeleteFunc(slices.Clone(batch), func(s string) bool { return strings.HasPrefix(s, "w2025-10-01") })
	slices.Sort(want)
	if !slices.Equal(want, streamed) {
		t.Fatalf("batch says\n%s\nstream says\n%s", strings.Join(want, "\n"), strings.Join(streamed, "\n"))
	}
}

package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/session"
)

// goodAt is an order at a time.
func goodAt(n int, at string) string {
	return fmt.Sprintf(`{"order_id":"o%d","order_ts":%q,"customer_id":"c","product_id":"p","quantity":1,"unit_price":2.5,"city":"w","region":"SP","status":"paid"}`, n, at)
}

// badRecords are records with what becomes of each: "sold", "late", or the cause of a dead letter.
var badRecords = []struct{ text, fate string }{
	{goodAt(1, "2026-01-14T10:00:00"), "sold"},
	{`null`, "malformed"},
	{`true`, "malformed"},
	{`{}`, "no_order_id"},
	{`{"order_id":null,"order_ts":null,"customer_id":null,"product_id":null,"quantity":null,"unit_price":null,"city":null,"region":null,"status":null}`, "no_order_id"},
	// another schema, and values of other kinds than the first records had
	{`{"event":"click","user":"u1","at":"2026-01-14T10:00:00","page":{"path":"/"}}`, "no_order_id"},
	{strings.Replace(goodAt(2, "2026-01-14T10:01:00"), "2.5", `{"amount":2.5,"currency":"BRL"}`, 1), "unparsable"},
	{strings.Replace(goodAt(3, "2026-01-14T10:01:00"), "2.5", `[2.5]`, 1), "unparsable"},
	{strings.Replace(goodAt(4, "2026-01-14T10:01:00"), "2.5", `"free"`, 1), "unparsable"},
	{strings.Replace(goodAt(5, "yesterday"), "2.5", `1`, 1), "unparsable"},
	{goodAt(6, "2026-02-30T10:00:00"), "unparsable"},
	{goodAt(7, "99999-01-14T10:00:00"), "unparsable"},
	// times that are and are not yet possible: now is 2026-01-15T06:00:00
	{goodAt(8, "2126-01-14T10:00:00"), "future"},
	{goodAt(9, "2026-01-16T06:00:01"), "future"},
	{goodAt(10, "2026-01-16T05:00:00"), "sold"},
	// the clock stands at the present now, and no further: what happened years ago is late, what happens now is not
	{goodAt(11, "1999-12-31T23:59:59"), "late"},
	{goodAt(12, "0001-01-01T00:00:00"), "late"},
	{goodAt(13, "2026-01-14T10:30:00"), "late"},
	{goodAt(14, "2026-01-15T06:00:00"), "sold"},
	// members that come later
	{strings.Replace(goodAt(15, "2026-01-15T06:00:00"), `{`, `{"gift":{"wrapped":true},"note":"😀\u0000",`, 1), "sold"},
	{strings.Replace(goodAt(16, "2026-01-15T06:00:00"), `{`, `{"gift":3,`, 1), "sold"},
}

// TestBadRecords: every record that cannot be counted is a dead letter with its cause, or late, and kept; those
// around it are counted; and so it is when the run is killed at any record.
func TestBadRecords(t *testing.T) {
	lines := [][]byte{[]byte(sampleLine)}
	want := map[string]int64{"sold": 1}
	for _, r := range badRecords {
		lines = append(lines, []byte(r.text))
		want[r.fate]++
	}
	for crash := range 1 + len(lines) {
		dir := t.TempDir()
		opts := testOptions(session.Settings{MaxRejects: "1"})
		opts.Checkpoint, opts.noSync, opts.Interval = filepath.Join(dir, "state"), true, time.Nanosecond
		dead, late := filepath.Join(dir, "dead"), filepath.Join(dir, "late")
		rows := &memOutput{}
		count := func(crash int) (*Summary, error) {
			out := Outputs{Rows: rows}
			for path, to := range map[string]**File{dead: &out.Dead, late: &out.Late} {
				var err error
				*to, err = OpenFile(path, false)
				must(t, err)
			}
			src := &memSource{parts: map[string][][]byte{"p": lines}, pick: func(n int) int { return min(1, n-1) }, crash: crash}
			return Run(context.Background(), opts, src, []string{"mem"}, out)
		}
		if _, err := count(crash); crash < len(lines) && !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		sum, err := count(-1)
		must(t, err)
		got := sum.Counts
		if !got.Balanced() || got.Records != int64(len(lines)) || got.Sold != want["sold"] || got.Late != want["late"] {
			t.Fatalf("killed at record %d: %s", crash, got.String())
		}
		fates := map[string]string{}
		for _, path := range []string{dead, late} {
			for cause, raws := range lettersIn(t, path) {
				for _, raw := range raws {
					fates[raw] = cause
				}
			}
		}
		for _, r := range badRecords {
			fate := fates[r.text]
			if fate == "" {
				fate = "sold"
			}
			if fate != r.fate {
				t.Errorf("killed at record %d: %s is %s, not %s", crash, r.text, fate, r.fate)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// lettersIn reads letters: by cause the records they are of. One that is there twice fails.
func lettersIn(t *testing.T, path string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	out, seen := map[string][]string{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var l Letter
		must(t, json.Unmarshal([]byte(line), &l))
		if seen[*l.Raw] {
			t.Fatalf("twice: %s", line)
		}
		seen[*l.Raw] = true
		out[l.Cause] = append(out[l.Cause], *l.Raw)
	}
	return out
}

// TestEverNewMembers: a stream whose every record brings another member is counted, and no more of them is learned than
// has bounds.
func TestEverNewMembers(t *testing.T) {
	lines := [][]byte{[]byte(sampleLine)}
	for k := range 1000 {
		lines = append(lines, []byte(strings.Replace(goodAt(k, "2026-01-14T10:00:00"), "{", fmt.Sprintf(`{"m%d":%d,`, k, k), 1)))
	}
	opts := testOptions(session.Settings{})
	var said []string
	opts.Say = func(f string, args ...any) { said = append(said, fmt.Sprintf(f, args...)) }
	src := &memSource{parts: map[string][][]byte{"p": lines}, pick: func(n int) int { return n - 1 }, crash: -1}
	sum, err := Run(t.Context(), opts, src, []string{"mem"}, Outputs{Rows: &memOutput{}})
	must(t, err)
	if sum.Counts.Sold != 1001 || !sum.Counts.Balanced() {
		t.Error(sum.Counts.String())
	}
	if len(said) != 1 || !strings.Contains(said[0], "ever new members") {
		t.Errorf("said %q", said)
	}
}

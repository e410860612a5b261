package quality

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// unknownColumn is the error for a name that the input does not have, with the
// nearest name that it has.
func unknownColumn(name string, schema *arrow.Schema) error {
	names := make([]string, schema.NumFields())
	for i := range names {
		names[i] = schema.Field(i).Name
	}
	err := fault.New(fault.Usage, "looking for column %q: the input has no such column", name)
	if near := nearest(name, names); near != "" {
		return err.WithHint("did you mean %q? The columns are %s", near, list(names))
	}
	return err.WithHint("the columns are %s", list(names))
}

// list joins names, not endlessly.
func list(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// nearest returns the name with the smallest edit distance, or "" when none is near.
func nearest(name string, names []string) string {
	best, bestDist := "", 1+len(name)/3
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n), bestDist); d <= bestDist && (best == "" || d < bestDist) {
			best, bestDist = n, d
		}
	}
	return best
}

// distance is the Levenshtein distance; more than limit is returned as limit + 1.
func distance(a, b string, limit int) int {
	if len(a) > len(b)+limit || len(b) > len(a)+limit || len(a) > 100 || len(b) > 100 {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

package sqlgen

import (
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
)

// wallLiteral prints a wall time (µs) behind the name of its type; false outside the years that databases know.
func wallLiteral(typ string, us int64) (string, bool) {
	t := time.UnixMicro(us).UTC()
	return typ + "'" + t.Format("2006-01-02 15:04:05.000000") + "'", t.Year() >= 1 && t.Year() <= 9999
}

// escapeLike writes a text as part of a like pattern with ESCAPE '|'.
func escapeLike(s string) string {
	return strings.NewReplacer("|", "||", "%", "|%", "_", "|_").Replace(s)
}

// likePattern writes a pattern for ESCAPE '|'.
func likePattern(parts []expr.LikePart) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Wild {
			b.WriteString(p.Text)
		} else {
			b.WriteString(escapeLike(p.Text))
		}
	}
	return b.String()
}

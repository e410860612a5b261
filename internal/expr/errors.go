package expr

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// UnknownColumn is in the chain of the error about a name that Lookup does not know.
type UnknownColumn struct{ Name string }

// Error implements error.
func (e *UnknownColumn) Error() string { return "unknown column " + show(e.Name) }

// syntax makes an error at a place of the source text: the message, then the
// text with a caret under the place.
func syntax(src *string, off int, hint, format string, args ...any) error {
	return place(at{src, off}, fmt.Errorf(format, args...), hint)
}

// place gives err its place: the column number and the caret line. Built nodes have none.
func place(a at, err error, hint string) error {
	e := fault.New(fault.Usage, "in the expression: %w", err)
	if a.src != nil {
		col := utf8.RuneCountInString((*a.src)[:min(a.off, len(*a.src))]) + 1
		e = fault.New(fault.Usage, "in the expression, column %d: %w\n%s", col, err, caret(*a.src, a.off))
	}
	if hint != "" {
		e = e.WithHint("%s", hint)
	}
	return e
}

// caret shows the part of the source around off and points at it. Wide
// characters before the place are matched with wide spaces, control
// characters are shown as '·'.
func caret(src string, off int) string {
	const before, after = 48, 32
	off = min(off, len(src))
	from, to := off, off
	for n := 0; from > 0 && n < before; n++ {
		_, w := utf8.DecodeLastRuneInString(src[:from])
		from -= w
	}
	for n := 0; to < len(src) && n < after; n++ {
		_, w := utf8.DecodeRuneInString(src[to:])
		to += w
	}
	var text, pad strings.Builder
	text.WriteString("    ")
	pad.WriteString("    ")
	if from > 0 {
		text.WriteString("…")
		pad.WriteString(" ")
	}
	for i, r := range src[from:to] {
		if !printable(r) {
			r = '·'
		}
		text.WriteRune(r)
		if from+i < off {
			if wide(r) {
				pad.WriteRune('\u3000')
			} else if !unicode.IsMark(r) {
				pad.WriteByte(' ')
			}
		}
	}
	if to < len(src) {
		text.WriteString("…")
	}
	return text.String() + "\n" + pad.String() + "^"
}

// printable keeps control, bidi and other invisible characters off terminals.
func printable(r rune) bool {
	return r == ' ' || unicode.IsPrint(r) && r != utf8.RuneError
}

// wide reports whether terminals give the character two cells.
func wide(r rune) bool {
	return r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 ||
		r >= 0x1f300 && r <= 0x1f64f || r >= 0x20000 && r <= 0x3fffd)
}

// clip shortens s to n characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n]) + "…"
}

// show prints a name or a piece of text for a message: bare when harmless,
// quoted with escapes otherwise, clipped when long.
func show(s string) string {
	s = clip(s, 60)
	for _, r := range s {
		if !printable(r) {
			return fmt.Sprintf("%q", s)
		}
	}
	return s
}

// didYouMean returns a hint about the names nearest to name, or the start of
// the list of names.
func didYouMean(name string, names []string) string {
	type near struct {
		name string
		d    int
	}
	var best []near
	limit := 1 + len([]rune(name))/3
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n), limit); d <= limit {
			best = append(best, near{n, d})
		}
	}
	sort.SliceStable(best, func(i, j int) bool { return best[i].d < best[j].d })
	if len(best) > 0 {
		var parts []string
		for _, b := range best[:min(3, len(best))] {
			parts = append(parts, ident(b.name))
		}
		return "did you mean " + strings.Join(parts, " or ") + "?"
	}
	if len(names) == 0 {
		return ""
	}
	var parts []string
	for _, n := range names[:min(20, len(names))] {
		parts = append(parts, ident(clip(n, 40)))
	}
	s := "the columns are " + strings.Join(parts, ", ")
	if len(names) > 20 {
		s += fmt.Sprintf(" and %d more", len(names)-20)
	}
	return s
}

// nearFunction is didYouMean for functions.
func nearFunction(name string) string {
	h := didYouMean(name, functionNames)
	return strings.Replace(h, "the columns are", "the functions are", 1)
}

// distance is the edit distance with neighbouring transpositions (optimal string
// alignment), or limit+1 as soon as it is known to be larger.
func distance(a, b string, limit int) int {
	x, y := []rune(clip(a, 64)), []rune(clip(b, 64))
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	prev2, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(y)]
}

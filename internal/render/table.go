package render

import (
	"bufio"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/result"
)

// maxCell bounds the width of a text cell in the table format.
const maxCell = 48

// numeric reports whether values of t are right-aligned.
func numeric(t expr.Type) bool { return t == expr.Int || t == expr.Float || t == expr.Money }

// human returns a cell for people: grouped digits, two decimals for money,
// four significant digits for other fractions, no dangerous characters.
func human(c *result.Column, r int, o Options) string {
	if c.Data.IsNull(r) {
		return ""
	}
	switch c.Type {
	case expr.Int:
		if c.Unit == result.NoUnit && (strings.HasSuffix(c.Name, "_id") || c.Name == "similar_to") {
			return strconv.FormatInt(c.Data.I64[r], 10) // an id is a name, not an amount
		}
		return group(strconv.FormatInt(c.Data.I64[r], 10))
	case expr.Money:
		return group(strconv.FormatFloat(roundCents(c.Data.I64[r]), 'f', 2, 64))
	case expr.Float:
		f := c.Data.F64[r]
		if c.Unit == result.Money {
			return group(strconv.FormatFloat(f, 'f', 2, 64))
		}
		digits := 4
		if a := math.Abs(f); a >= 1 {
			digits = max(0, 3-int(math.Floor(math.Log10(a))))
		}
		return group(strconv.FormatFloat(f, 'f', digits, 64))
	case expr.Text:
		return Clean(string(c.Data.Str(r)))
	}
	return string(appendPlain(nil, c, r, o.Zone))
}

// roundCents rounds 10⁻⁴ units half away from zero to hundredths.
func roundCents(v int64) float64 {
	half := int64(50)
	if v < 0 {
		half = -50
	}
	return float64((v+half)/100) / 100
}

// group puts thousands separators into a decimal number.
func group(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, ok := strings.Cut(s, ".")
	if ok {
		frac = "." + frac
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + frac
}

// Clean returns s with every control, ANSI, bidi and invisible formatting
// character shown as an escape, so that data cannot steer a terminal.
func Clean(s string) string {
	safe := true
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			safe = false
			break
		}
	}
	if safe {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
		case r == '\t' || r == '\n' || r == '\r':
			b.WriteByte(' ')
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co):
			b.WriteString(`\u` + strconv.FormatUint(uint64(r), 16))
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// writeTable writes aligned columns for a terminal.
func writeTable(w *bufio.Writer, t *result.Table, o Options) error {
	width := make([]int, len(t.Columns))
	for i := range t.Columns {
		width[i] = runewidth.StringWidth(Clean(t.Columns[i].Name))
	}
	// Widths come from at most 10,000 rows: later, wider cells push their line.
	for r := range min(t.N, 10_000) {
		for i := range t.Columns {
			width[i] = min(max(width[i], runewidth.StringWidth(human(&t.Columns[i], r, o))), max(maxCell, width[i]))
		}
	}
	line := make([]string, len(t.Columns))
	for i := range t.Columns {
		line[i] = Clean(t.Columns[i].Name)
	}
	writeLine(w, t, line, width, o.Color) //nolint:errcheck // w keeps its first error
	for r := range t.N {
		for i := range t.Columns {
			line[i] = human(&t.Columns[i], r, o)
		}
		if err := writeLine(w, t, line, width, false); err != nil {
			return err
		}
	}
	return nil
}

func writeLine(w *bufio.Writer, t *result.Table, cells []string, width []int, bold bool) error {
	if bold {
		w.WriteString("\x1b[1m")
	}
	for i, s := range cells {
		if i > 0 {
			w.WriteString("  ")
		}
		if t.Columns[i].Type == expr.Text {
			s = runewidth.Truncate(s, max(maxCell, width[i]), "…")
		}
		pad := strings.Repeat(" ", max(0, width[i]-runewidth.StringWidth(s)))
		switch {
		case numeric(t.Columns[i].Type):
			w.WriteString(pad + s)
		case i == len(cells)-1:
			w.WriteString(s)
		default:
			w.WriteString(s + pad)
		}
	}
	if bold {
		w.WriteString("\x1b[0m")
	}
	_, err := w.WriteString("\n")
	return err
}

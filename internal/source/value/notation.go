package value

import "bytes"

// Notation is how a text writes numbers.
type Notation uint8

// The notations. Groups are of three digits behind the first one to three.
const (
	Plain        Notation = iota // 1234.5
	PointDecimal                 // 1,234.5 or 1'234.5
	CommaDecimal                 // 1.234,5 or 1 234,5
)

// String names the notation as --decimal does.
func (n Notation) String() string {
	return [...]string{"plain", "point", "comma"}[n]
}

// The marks between groups. Spaces that do not break are written in French and Swedish numbers.
var (
	pointGroups = [][]byte{[]byte(","), []byte("'"), []byte("’")}
	commaGroups = [][]byte{[]byte("."), []byte(" "), []byte("\u00a0"), []byte("\u202f"), []byte("'")}
)

// plainNumber appends a decimal number written in the notation to dst with a point and
// without groups. It tells whether the text is such a number: groups must be whole.
func plainNumber(dst, s []byte, n Notation) ([]byte, bool) {
	mark, groups := byte('.'), pointGroups
	if n == CommaDecimal {
		mark, groups = ',', commaGroups
	}
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		dst = append(dst, s[0])
		s = s[1:]
	}
	k := digitsOf(s)
	dst = append(dst, s[:k]...)
	first, rest := s[:k], s[k:]
	if k >= 1 && k <= 3 && (first[0] != '0') {
		var group []byte
		for len(rest) > 0 {
			if group == nil {
				group = markOf(rest, groups)
			}
			if group == nil || !bytes.HasPrefix(rest, group) {
				break
			}
			t := rest[len(group):]
			if digitsOf(t) != 3 {
				return dst, false
			}
			dst, rest = append(dst, t[:3]...), t[3:]
		}
	}
	if len(rest) == 0 {
		return dst, k > 0
	}
	if rest[0] != mark {
		return dst, false
	}
	f := rest[1:]
	if len(f) == 0 || digitsOf(f) != len(f) {
		return dst, false
	}
	return append(append(dst, '.'), f...), true
}

func digitsOf(s []byte) int {
	k := 0
	for k < len(s) && s[k]-'0' <= 9 {
		k++
	}
	return k
}

func markOf(s []byte, marks [][]byte) []byte {
	for _, m := range marks {
		if bytes.HasPrefix(s, m) {
			return m
		}
	}
	return nil
}

// numbers is what the values of a column say about the notation.
type numbers struct {
	seen, notComma, notPoint int  // values, and those that are no numbers so written
	comma, point             int  // values with a decimal mark that can be read in this notation only
	grouped                  bool // some of point have groups
	scratch                  []byte
}

func (m *numbers) add(s []byte) {
	m.seen++
	if m.seen > 100 && 2*m.notComma > m.seen && 2*m.notPoint > m.seen { // text
		return
	}
	c, p := false, false
	t := s
	if t[0] == '-' {
		t = t[1:]
	}
	// leading zeros and plus signs are those of codes, as in Evidence.number
	if len(t) > 0 && (t[0]-'0' <= 9 || t[0] == ',' || t[0] == '.') && (len(t) == 1 || t[0] != '0' || t[1]-'0' > 9) {
		m.scratch, c = plainNumber(m.scratch[:0], s, CommaDecimal)
		m.scratch, p = plainNumber(m.scratch[:0], s, PointDecimal)
	}
	if !c {
		m.notComma++
	}
	if !p {
		m.notPoint++
	}
	switch {
	case c && !p && bytes.IndexByte(s, ',') >= 0:
		m.comma++
	case p && !c && bytes.IndexByte(s, '.') >= 0:
		m.point++
		m.grouped = m.grouped || t[digitsOf(t)] != '.'
	}
}

// isComma and isPoint tell whether a column is numbers of one notation for sure. One value
// in ten may be something else: raw files have such rows.
func (m *numbers) isComma() bool { return m.comma > 0 && 10*m.notComma <= m.seen }
func (m *numbers) isPoint() bool { return m.point > 0 && 10*m.notPoint <= m.seen }

// Notate gives the columns of one file the notation that its numbers are written in: that
// of the columns which can be read in one only. 1.234 is a thousand where prices
// stand as 3,50. Where columns contradict each other each keeps its own, and where
// nothing tells, numbers are plain.
func Notate(columns []Evidence) Notation {
	var comma, point bool
	for i := range columns {
		comma = comma || columns[i].numbers.isComma()
		point = point || columns[i].numbers.isPoint()
	}
	all := Plain
	switch {
	case comma && !point:
		all = CommaDecimal
	case point && !comma:
		all = PointDecimal
	}
	for i := range columns {
		columns[i].notation = all
		if comma && point && columns[i].numbers.isComma() {
			columns[i].notation = CommaDecimal
		}
	}
	if comma && point {
		return CommaDecimal
	}
	return all
}

// Write states the notation of a column.
func (e *Evidence) Write(n Notation) { e.notation = n }

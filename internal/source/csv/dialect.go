package csv

import (
	"bytes"
	"fmt"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// dialect is how the records of a file are cut into fields.
type dialect struct {
	delim byte // ' ' means runs of blanks, which squeeze turns into tabs
	nl    byte // '\n', or '\r' for files of the old Macintosh
}

// candidates are the delimiters tried, in order of preference on ties.
var candidates = [...]byte{',', '\t', ';', '|'}

func delimName(d byte) string {
	switch d {
	case '\t':
		return "tab"
	case ' ':
		return "blanks"
	}
	return string(d)
}

// detectNewline tells files whose lines end with a lone CR.
func detectNewline(sample []byte) byte {
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}

// detectDelimiter chooses the delimiter under which most sampled records have
// as many fields as the first one, at least two.
func detectDelimiter(sample []byte, nl byte, whole bool) byte {
	best, bestScore := candidates[0], 0.0
	for _, d := range candidates {
		recs := sampleRecords(sample, dialect{d, nl}, 200, whole)
		if len(recs) == 0 || len(recs[0]) < 2 {
			continue
		}
		same := 0
		for _, r := range recs {
			if len(r) == len(recs[0]) {
				same++
			}
		}
		score := float64(same) / float64(len(recs))
		// More fields make a coincidence less likely, but only among equals.
		if score > bestScore+0.02 || score > bestScore-0.02 && len(recs[0]) > len(sampleRecords(sample, dialect{best, nl}, 1, whole)[0]) {
			best, bestScore = d, score
		}
	}
	if bestScore > 0 {
		return best
	}
	if columnsOfBlanks(sample, nl) {
		return ' '
	}
	// A single column, it seems: what does not occur cannot cut its texts.
	for _, d := range candidates {
		if bytes.IndexByte(sample, d) < 0 {
			return d
		}
	}
	return best
}

// statedDelimiter reads the first line sep=; that Excel writes and obeys. It returns
// how many bytes the line takes, 0 when there is none.
func statedDelimiter(text []byte, nl byte) (delim byte, n int) {
	if len(text) < 6 || !bytes.EqualFold(text[:4], []byte("sep=")) {
		return 0, 0
	}
	n = 5
	if text[n] == '\r' && nl == '\n' {
		n++
	}
	if n >= len(text) || text[n] != nl || text[4] >= 0x80 || text[4] < ' ' && text[4] != '\t' {
		return 0, 0
	}
	return text[4], n + 1
}

// columnsOfBlanks recognises tables aligned with blanks: every line has the same
// number of words, at least three, and some blanks stand in a row.
func columnsOfBlanks(sample []byte, nl byte) bool {
	words, lines := 0, 0
	for line := range bytes.SplitSeq(sample, []byte{nl}) {
		if lines == 50 {
			break
		}
		n := len(bytes.Fields(line))
		if n == 0 {
			continue
		}
		if lines++; lines == 1 {
			words = n
		} else if n != words && lines < 50 && len(line) > 0 {
			// the last line of the sample may be cut
			if n < words && bytes.HasSuffix(sample, line) {
				continue
			}
			return false
		}
	}
	return words >= 3 && lines >= 2 && bytes.Contains(sample, []byte("  "))
}

// sampleRecords cuts up to limit records of a sample into fields. A record that
// the end of the sample may have cut is left out unless the sample is whole.
func sampleRecords(sample []byte, d dialect, limit int, whole bool) [][][]byte {
	var out [][][]byte
	p := 0
	for p < len(sample) && len(out) < limit {
		fields, next, complete := splitRecord(sample, p, d, nil)
		if !complete && !whole {
			break
		}
		p = next
		if len(fields) == 1 && len(fields[0]) == 0 {
			continue // a blank line
		}
		out = append(out, fields)
	}
	return out
}

// splitRecord cuts the record at p into fields without their quotes and returns where
// the next one begins. complete is false when the text ended inside it.
func splitRecord(s []byte, p int, d dialect, fields [][]byte) (_ [][]byte, next int, complete bool) {
	for {
		var f []byte
		if p < len(s) && s[p] == '"' {
			f, p = quotedField(s, p)
			if p < 0 {
				return append(fields, f), len(s), false
			}
		}
		q := p
		for q < len(s) && s[q] != d.delim && s[q] != d.nl {
			q++
		}
		end := q
		if (q == len(s) || s[q] == d.nl) && end > p && s[end-1] == '\r' {
			end--
		}
		if f == nil {
			f = s[p:end]
		} else if end > p {
			f = append(f[:len(f):len(f)], s[p:end]...)
		}
		fields = append(fields, f)
		switch {
		case q == len(s):
			return fields, q, false
		case s[q] == d.nl:
			return fields, q + 1, true
		}
		p = q + 1
	}
}

// quotedField reads a field that begins with a quote at p and returns it and where it
// ended, behind the closing quote; -1 when there is none.
func quotedField(s []byte, p int) ([]byte, int) {
	p++
	start := p
	var buf []byte
	for {
		i := bytes.IndexByte(s[p:], '"')
		if i < 0 {
			return s[start:], -1
		}
		p += i
		if p+1 < len(s) && s[p+1] == '"' {
			buf = append(buf, s[start:p+1]...)
			p += 2
			start = p
			continue
		}
		if buf == nil {
			return s[start:p:p], p + 1
		}
		return append(buf, s[start:p]...), p + 1
	}
}

// detectHeader says whether the first record names the columns: some cell of it is
// not of the kind that the rows below have; when all is text, its cells are
// different from each other and do not come again below.
func detectHeader(recs [][][]byte) bool {
	if len(recs) == 0 {
		return false
	}
	first := recs[0]
	typed, all := 0, len(first)
	seen := map[string]bool{}
	repeated := false
	for c := range all {
		cell := string(value.Trim(first[c]))
		if seen[cell] || cell == "" {
			repeated = true
		}
		seen[cell] = true
		var below, with value.Evidence
		with.Add(first[c])
		for _, r := range recs[1:] {
			if c < len(r) {
				below.Add(r[c])
				with.Add(r[c])
				repeated = repeated || string(value.Trim(r[c])) == cell && cell != ""
			}
		}
		two := []value.Evidence{below, with}
		value.Notate(two[:1])
		value.Notate(two[1:])
		b, w := two[0].Decide(""), two[1].Decide("")
		if len(recs) == 1 && w.Sure && w.Form() != frame.String {
			typed++ // a single row of data
		}
		if b.Sure && b.NullWords { // numbers, dates or booleans below
			typed++
			if w.Form() != b.Form() && !value.IsNullWord(value.Trim(first[c])) {
				return true
			}
		}
	}
	return typed == 0 && !repeated
}

// headerNames makes the names of columns unique and not empty, and says what it changed.
func headerNames(cells [][]byte, count int) (names []string, notices []string) {
	names = make([]string, count)
	taken := make(map[string]bool, count)
	for i := range names {
		if i < len(cells) {
			names[i] = cleanName(cells[i])
		}
	}
	for i, n := range names {
		base := n
		if base == "" {
			base = fmt.Sprintf("column_%d", i+1)
		}
		name := base
		for k := 2; taken[name]; k++ {
			name = fmt.Sprintf("%s_%d", base, k)
		}
		taken[name] = true
		if name != n && len(notices) < 5 {
			if n == "" {
				notices = append(notices, fmt.Sprintf("column %d has no name and is called %q", i+1, name))
			} else {
				notices = append(notices, fmt.Sprintf("column %d has the name %q again and is called %q", i+1, n, name))
			}
		}
		names[i] = name
	}
	return names, notices
}

func cleanName(b []byte) string {
	return string(bytes.ToValidUTF8(bytes.TrimSpace(b), []byte("\uFFFD")))
}

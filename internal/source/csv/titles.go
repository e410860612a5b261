package csv

import (
	"fmt"
	"strings"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

const (
	// maxTitles is how many lines may stand above a header.
	maxTitles = 30
	// titleRecords is how many records show whether a table follows.
	titleRecords = 200
	// shownTitle is how much of a title is quoted in a remark.
	shownTitle = 60
)

// titled are the lines above the header of a report: "Orders of January", "generated on …".
type titled struct {
	delim byte     // of the table below
	lead  int      // bytes before its header; 0: nothing stands above it
	width int      // fields of the table
	lines []string // without the blank ones
}

// findTitles looks for titles under each of the delimiters and takes the widest table.
func findTitles(sample []byte, delims []byte, nl byte, whole bool) (best titled) {
	for _, d := range delims {
		if t := titlesUnder(sample, dialect{d, nl}, whole); t.width > best.width {
			best = t
		}
	}
	return best
}

// titlesUnder takes the lines before the first full record for titles, if each of them fills at
// most half of its fields, it names columns (no cell is empty, a number or a date, and
// the cells below one of them are), and three in four records from there on have as many fields. A line
// of data cannot be lost that way: it would have to stand above the names of its columns.
func titlesUnder(sample []byte, d dialect, whole bool) (t titled) {
	recs, starts := recordsFrom(sample, d, titleRecords, whole)
	if len(recs) < 3 {
		return titled{}
	}
	width := usualWidth(recs)
	at := 0
	for at < len(recs) && !(len(recs[at]) == width && filled(recs[at]) == width) {
		if 2*filled(recs[at]) > width {
			return titled{}
		}
		at++
	}
	if at == 0 || at > maxTitles || at >= len(recs)-1 || width < 2 || !namesColumns(recs[at:]) {
		return titled{}
	}
	steady := 0
	for _, r := range recs[at:] {
		if len(r) == width {
			steady++
		}
	}
	if 4*steady < 3*(len(recs)-at) {
		return titled{}
	}
	t = titled{delim: d.delim, lead: starts[at], width: width}
	for _, r := range recs[:at] {
		if text := titleText(r); text != "" {
			t.lines = append(t.lines, text)
		}
	}
	return t
}

// recordsFrom is sampleRecords with the place where each record begins.
func recordsFrom(sample []byte, d dialect, limit int, whole bool) (recs [][][]byte, starts []int) {
	for p := 0; p < len(sample) && len(recs) < limit; {
		fields, next, complete := splitRecord(sample, p, d, nil)
		if !complete && !whole {
			break
		}
		if len(fields) > 1 || len(fields[0]) > 0 {
			recs, starts = append(recs, fields), append(starts, p)
		}
		p = next
	}
	return recs, starts
}

// filled counts the cells up to the last that is not empty: spreadsheets fill short lines up.
func filled(cells [][]byte) int {
	for n := len(cells); n > 0; n-- {
		if len(value.Trim(cells[n-1])) > 0 {
			return n
		}
	}
	return 0
}

// usualWidth is the number of fields that most records have; the larger of equals.
func usualWidth(recs [][][]byte) (width int) {
	count := map[int]int{}
	for _, r := range recs {
		count[len(r)]++
	}
	for n, c := range count {
		if c > count[width] || c == count[width] && n > width {
			width = n
		}
	}
	return width
}

// namesColumns reports whether the first record names the columns of the others beyond doubt.
func namesColumns(recs [][][]byte) bool {
	for _, cell := range recs[0] {
		var one value.Evidence
		one.Add(cell)
		if s := one.Decide(""); len(value.Trim(cell)) == 0 || s.Sure && s.Form() != frame.String {
			return false
		}
	}
	for c := range recs[0] {
		var below value.Evidence
		for _, r := range recs[1:] {
			if c < len(r) {
				below.Add(r[c])
			}
		}
		two := []value.Evidence{below}
		value.Notate(two)
		if s := two[0].Decide(""); s.Sure && s.NullWords && s.Form() != frame.String {
			return true
		}
	}
	return false
}

// titleText is a title as a remark quotes it.
func titleText(cells [][]byte) string {
	var parts []string
	for _, c := range cells[:filled(cells)] {
		parts = append(parts, cleanName(c))
	}
	s := []rune(strings.Join(parts, " "))
	if len(s) > shownTitle {
		s = append(s[:shownTitle-1], '…')
	}
	return string(s)
}

// sayTitles remarks on the lines that are left out.
func (ds *Dataset) sayTitles(t titled) {
	const most = 3
	var shown []string
	for i, l := range t.lines {
		if i == most {
			shown = append(shown, "…")
			break
		}
		shown = append(shown, fmt.Sprintf("%q", l))
	}
	n := "a line above the header is"
	if len(t.lines) != 1 {
		n = fmt.Sprintf("%d lines above the header are", len(t.lines))
	}
	ds.notices = append(ds.notices, fmt.Sprintf("%s: %s no part of the table: %s", ds.name, n, strings.Join(shown, ", ")))
}

// aboveHeader settles the delimiter of body and how much of it stands before the header: the line sep=; of
// Excel, or titles where it is for this package to tell the header.
func (ds *Dataset) aboveHeader(body []byte, whole bool) (lead int) {
	if ds.d.delim == 0 {
		if ds.d.delim, lead = statedDelimiter(body, ds.d.nl); lead > 0 {
			return lead
		}
	}
	if ds.opts.Header == HeaderAuto && ds.d.delim != ' ' {
		delims := candidates[:]
		if ds.d.delim != 0 {
			delims = []byte{ds.d.delim}
		}
		if t := findTitles(body, delims, ds.d.nl, whole); t.lead > 0 {
			ds.d.delim, ds.titled = t.delim, true
			ds.sayTitles(t)
			return t.lead
		}
	}
	if ds.d.delim == 0 {
		ds.d.delim = detectDelimiter(body, ds.d.nl, whole)
	}
	return 0
}

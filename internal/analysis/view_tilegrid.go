package analysis

import "strings"

// tileLayout puts places on a grid: place index → column, row.
type tileLayout struct {
	cols, rows int
	at         map[int][2]int
}

// brazil and usa place the states about where they lie, by postal code. Each row is
// a line of two-letter codes; dots are empty.
var brazil = grid(`
.. RR AP .. ..
AM PA MA CE RN
AC TO PI PE PB
RO MT GO BA AL
.. MS DF MG SE
.. PR SP RJ ES
.. RS SC .. ..`)

var usa = grid(`
AK .. .. .. .. .. .. .. .. .. ME
.. .. .. .. .. .. .. .. .. VT NH
WA ID MT ND MN IL WI MI NY RI MA
OR NV WY SD IA IN OH PA NJ CT ..
CA UT CO NE MO KY WV VA MD DE ..
.. AZ NM KS AR TN NC SC DC .. ..
.. .. .. OK LA MS AL GA .. .. ..
HI .. .. TX .. .. .. .. FL .. ..`)

func grid(text string) map[string][2]int {
	at := map[string][2]int{}
	for y, line := range strings.Split(strings.TrimSpace(text), "\n") {
		for x, code := range strings.Fields(line) {
			if code != ".." {
				at[code] = [2]int{x, y}
			}
		}
	}
	return at
}

// layoutOf uses a map's grid when most places are its states, else rows of eight.
func layoutOf(places []place) (tileLayout, bool) {
	for _, m := range []map[string][2]int{brazil, usa} {
		l := tileLayout{at: map[int][2]int{}}
		for i, q := range places {
			if xy, ok := m[strings.ToUpper(q.id)]; ok {
				l.at[i] = xy
			}
		}
		if len(l.at) >= 5 && len(l.at)*10 >= len(places)*9 {
			for _, xy := range m {
				l.cols, l.rows = max(l.cols, xy[0]+1), max(l.rows, xy[1]+1)
			}
			return l, true
		}
	}
	const cols = 8
	l := tileLayout{cols: min(cols, len(places)), rows: (len(places) + cols - 1) / cols, at: map[int][2]int{}}
	for i := range places {
		l.at[i] = [2]int{i % cols, i / cols}
	}
	return l, false
}

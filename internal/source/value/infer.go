package value

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Spec is what a sample told about a column of text.
type Spec struct {
	Kind frame.Kind // Bool, Int, Float, Date, Time or String
	Sure bool       // false when the sample held no value at all

	// Layout is the layout that most values that look like dates have, also when Kind is
	// String because not all have it; nil when there is none.
	Layout *Layout
	Other  *Layout // Layout with day and month exchanged, when the values allow both
	Clock  bool    // values hold a time of day
	Zone   bool    // values hold an offset
	// Dates is Date or Time when the column is text only because nothing tells day from
	// month, else Any.
	Dates frame.Kind

	// NullWords says that words such as NULL stand for missing values also when
	// the column is read as text, for all its other values are numbers or dates.
	NullWords bool
	// Common holds the values of a text column of few different ones, else nil.
	Common *Common
	// Notation is how the file writes its numbers.
	Notation Notation
	// Note is a remark for the user on a guess, or "".
	Note string
}

// TextSpec is a column of plain text.
func TextSpec() Spec { return Spec{Kind: frame.String, Sure: true} }

// Form is the kind that the values have by their form, also when the order of day and
// month is unclear.
func (s *Spec) Form() frame.Kind {
	if s.Dates != frame.Any {
		return s.Dates
	}
	return s.Kind
}

// Type returns the Arrow type that columns read as kind have; frame.Any asks for the inferred kind.
func (s *Spec) Type(as frame.Kind) arrow.DataType {
	if as == frame.Any {
		as = s.Kind
	}
	switch as {
	case frame.Bool:
		return arrow.FixedWidthTypes.Boolean
	case frame.Int:
		return arrow.PrimitiveTypes.Int64
	case frame.Float:
		return arrow.PrimitiveTypes.Float64
	case frame.Date:
		return arrow.FixedWidthTypes.Date32
	case frame.Time:
		if s.Zone {
			return zoned
		}
		return wall
	}
	return arrow.BinaryTypes.String
}

var (
	wall  = &arrow.TimestampType{Unit: arrow.Microsecond}
	zoned = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

// Evidence gathers what the values of one column allow it to be.
type Evidence struct {
	values, nulls, words int // rows with a value, without, and with a word such as NULL
	notInt, notFloat     bool
	notBool              bool
	dates                int // values that some layout reads
	clocks, zones        int
	tries                []try
	common               map[string]int32
	order                []string
	textSize             int
	numbers              numbers
	notation             Notation
}

type try struct {
	l    *Layout
	hits int
	last int64
}

// maxCommon is the greatest number of different values that are kept as a dictionary.
const maxCommon = 2048

// Add takes the value of one sampled row.
func (e *Evidence) Add(s []byte) {
	if isTextNull(s) {
		e.nulls++
		return
	}
	e.remember(s)
	s = Trim(s)
	if len(s) == 0 {
		e.nulls++
		return
	}
	if IsNullWord(s) {
		e.words++
		return
	}
	e.values++
	if !e.notInt || !e.notFloat {
		e.number(s)
	}
	e.numbers.add(s)
	if !e.notBool {
		_, ok := ParseBool(s)
		e.notBool = !ok
	}
	e.date(s)
}

// AddQuoted takes a value of one sampled row that its format says is text: it may be a
// date, but no number.
func (e *Evidence) AddQuoted(s []byte) {
	if isTextNull(s) {
		e.nulls++
		return
	}
	e.remember(s)
	e.values++
	e.notInt, e.notFloat, e.notBool = true, true, true
	e.numbers.seen, e.numbers.notComma, e.numbers.notPoint = e.numbers.seen+1, e.numbers.notComma+1, e.numbers.notPoint+1
	e.date(Trim(s))
}

func (e *Evidence) remember(s []byte) {
	if e.textSize < 0 {
		return
	}
	if e.common == nil {
		e.common = map[string]int32{}
	}
	if _, ok := e.common[string(s)]; ok {
		return
	}
	if e.textSize += len(s); len(e.order) == maxCommon || len(s) > 256 || e.textSize > 1<<17 {
		e.textSize, e.common, e.order = -1, nil, nil
		return
	}
	t := string(s)
	e.common[t] = int32(len(e.order))
	e.order = append(e.order, t)
}

// number rules out what must not become a number: leading zeros and a plus
// sign (codes, telephone numbers) and integers that a double cannot hold.
func (e *Evidence) number(s []byte) {
	t := s
	if t[0] == '-' {
		t = t[1:]
	}
	if len(t) == 0 || t[0] == '+' || len(t) > 1 && t[0] == '0' && t[1]-'0' <= 9 {
		e.notInt, e.notFloat = true, true
		return
	}
	if !e.notInt {
		_, ok := ParseInt(s)
		e.notInt = !ok
	}
	if e.notFloat {
		return
	}
	if _, ok := ParseFloat(s); !ok {
		e.notFloat = true
		return
	}
	if len(t) > 15 && allDigits(t) {
		// Only digits, and too many for a double: an identifier unless all fit int64.
		if _, ok := ParseInt(s); !ok {
			e.notInt, e.notFloat = true, true
		}
	}
}

func allDigits(s []byte) bool {
	for _, c := range s {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

func (e *Evidence) date(s []byte) {
	if len(s) < 6 || len(s) > 48 || e.values > 64 && e.dates*2 < e.values {
		return
	}
	if c := s[0]; c-'0' > 9 && (c|0x20 < 'a' || c|0x20 > 'z') {
		return
	}
	hit := false
	var in Instant
	for i := range e.tries {
		t := &e.tries[i]
		got, ok := t.l.Parse(s)
		if !ok {
			continue
		}
		t.last = got.Micros
		t.hits++
		hit, in = true, got
	}
	if !hit && len(e.tries) < 8 {
		for _, l := range layouts {
			if got, ok := l.Parse(s); ok {
				e.tries = append(e.tries, try{l: l, hits: 1, last: got.Micros})
				hit, in = true, got
			}
		}
	}
	if !hit {
		return
	}
	e.dates++
	if in.Clock {
		e.clocks++
	}
	if in.Zone {
		e.zones++
	}
}

// Decide says what the column is. name is used in remarks.
func (e *Evidence) Decide(name string) Spec {
	s := Spec{Kind: frame.String, Sure: e.values > 0, Notation: e.notation}
	best, ambiguous := e.bestLayout()
	if best != nil {
		s.Layout, s.Clock, s.Zone = best.l, e.clocks > 0, e.zones*2 > e.dates
		if ambiguous {
			s.Other = best.l.twin()
		}
		// 1.2.2024 is day.month wherever dates are written so; nothing else is guessed.
		ambiguous = ambiguous && best.l.sep != '.'
	}
	isDate := best != nil && best.hits == e.values && (e.zones == 0 || e.zones == e.values)
	switch {
	case e.values == 0:
		s.NullWords = e.words > 0
	case !e.notBool:
		s.Kind = frame.Bool
	case isDate && best.l.sep == 0 && !e.plausibleCompact(best):
		s.Kind = frame.Int
		s.Layout, s.Other = nil, nil
	case isDate && e.clocks > 0:
		s.Kind = frame.Time
	case isDate:
		s.Kind = frame.Date
	case !e.notInt:
		s.Kind = frame.Int
	case e.notation == CommaDecimal && e.numbers.notComma == 0 && e.numbers.comma > 0,
		e.notation == PointDecimal && e.numbers.notPoint == 0 && e.numbers.grouped:
		s.Kind = frame.Float
	case e.notation == CommaDecimal && !e.notFloat:
		// 1.000 among prices as 3,50 is a thousand; 0.5 there is nothing that is known.
		if e.numbers.notComma == 0 {
			s.Kind = frame.Int
		}
	case !e.notFloat:
		s.Kind = frame.Float
	}
	if s.Kind != frame.String {
		s.NullWords = true
		if ambiguous && (s.Kind == frame.Date || s.Kind == frame.Time) {
			s.Dates, s.Kind = s.Kind, frame.String
		}
	}
	if e.order != nil && len(e.order) <= maxCommon && len(e.order)*8 <= e.values+e.words {
		s.Common = newCommon(e.order)
	}
	s.Note = e.note(name, &s, best)
	return s
}

// plausibleCompact tells dates such as 19970101 from numbers of eight digits: all of
// them were valid dates, and they must be several of a likely time.
func (e *Evidence) plausibleCompact(t *try) bool {
	return e.values >= 3 && t.last >= civil.Days(1900, 1, 1)*dayMicros && t.last < civil.Days(2100, 1, 1)*dayMicros
}

func (e *Evidence) bestLayout() (best *try, ambiguous bool) {
	for i := range e.tries {
		if best == nil || e.tries[i].hits > best.hits {
			best = &e.tries[i]
		}
	}
	if best == nil || e.dates*2 < e.values {
		return nil, false
	}
	twin := best.l.twin()
	for i := range e.tries {
		t := &e.tries[i]
		if t.l != twin || t.hits != best.hits {
			continue
		}
		// Day and month could be exchanged in every value. Which goes backwards in time less
		// often proves nothing, so that the order of the two is only a convention.
		if usual := map[byte]string{'/': "mdy"}[best.l.sep]; usual != best.l.order && (usual != "" || t.l.order == "dmy") {
			best = t
		}
		return best, true
	}
	return best, false
}

func (e *Evidence) note(name string, s *Spec, best *try) string {
	switch {
	case s.Dates != frame.Any:
		return fmt.Sprintf("column %q: day and month could be exchanged in all sampled dates; kept as text", name)
	case s.Kind == frame.Date && best.l.sep == 0:
		return fmt.Sprintf("column %q: numbers of eight digits read as dates (20060102)", name)
	case s.Kind == frame.String && s.Sure && e.words > 0 && e.words*20 >= e.values:
		return fmt.Sprintf("column %q: words such as NULL or NA are kept as text", name)
	}
	return ""
}

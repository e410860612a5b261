package expr

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
)

const (
	dayMicros  = int64(24 * 60 * 60 * 1_000_000)
	moneyScale = 10_000
	momentHint = "write '2024-01-31' or '2024-01-31 18:30:00', wall time without a zone"
)

var (
	errNotDate = errors.New("a date has no time of day")
	errMoment  = errors.New("not a date or time")
	errZone    = errors.New("a zone is not allowed here: times are wall time of --tz")
)

// parseMoment reads a date or a wall time as the language writes them: Date
// when there is no time of day, else Time. Years are 0001–9999, fractions
// have at most six digits.
func parseMoment(s string) (Literal, error) {
	s = strings.TrimSpace(s)
	if t, err := time.Parse("2006-01-02", s); err == nil {
		if t.Year() < 1 {
			return Literal{}, errMoment
		}
		return Literal{Type: Date, I: civil.FloorDiv(t.Unix(), 86400)}, nil
	}
	if i := strings.IndexAny(s, "tT"); i == 10 {
		s = s[:10] + " " + s[11:]
	}
	if len(s) > 10 && (strings.HasSuffix(s, "Z") || strings.HasSuffix(s, "z") || strings.LastIndexAny(s, "+-") > 10) {
		return Literal{}, errZone
	}
	if i := strings.IndexByte(s, '.'); i >= 0 && len(s)-i > 7 {
		return Literal{}, errors.New("more than six digits of a second")
	}
	for _, layout := range [...]string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1 {
			return Literal{Type: Time, I: t.UnixMicro()}, nil
		}
	}
	return Literal{}, errMoment
}

// asTime turns a Date literal into its midnight.
func asTime(l Literal) Literal {
	if l.Type == Date {
		l.Type, l.I = Time, l.I*dayMicros
	}
	return l
}

func floatLiteral(a at, f float64) *Literal {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return &Literal{at: a, Type: Float, Null: true}
	}
	return &Literal{at: a, Type: Float, F: f + 0, S: formatFloat(f + 0)}
}

// formatFloat prints the shortest digits that read back as f and look like a
// number with a fraction or an exponent.
func formatFloat(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eIN") {
		s += ".0"
	}
	return s
}

// formatMoney prints units of 10⁻⁴ as a decimal.
func formatMoney(units int64) string {
	sign, u := "", uint64(units)
	if units < 0 {
		sign, u = "-", -u
	}
	frac := strconv.FormatUint(u%moneyScale+moneyScale, 10)[1:]
	return sign + strconv.FormatUint(u/moneyScale, 10) + "." + frac
}

// decimalToMoney reads the digits of a number literal as exact units of 10⁻⁴; ok is
// false when it has more decimals than that or does not fit.
func decimalToMoney(s string) (units int64, ok bool) {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	mant, expPart := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mant, expPart = s[:i], s[i+1:]
	}
	exp := 0
	if expPart != "" {
		var err error
		if exp, err = strconv.Atoi(expPart); err != nil || exp > 40 || exp < -400 {
			return 0, false
		}
	}
	whole, frac, _ := strings.Cut(mant, ".")
	digits := strings.TrimRight(whole+frac, "0")
	shift := 4 + exp + len(whole) - len(digits) // decimal places to move right
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return 0, true
	}
	if shift < 0 || len(digits)+shift > 19 {
		return 0, false
	}
	v, err := strconv.ParseUint(digits+strings.Repeat("0", shift), 10, 64)
	switch {
	case err != nil || v > 1<<63 || v == 1<<63 && !neg:
		return 0, false
	case neg:
		return -int64(v), true
	}
	return int64(v), true
}

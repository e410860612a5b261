package quality

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/quality/tally"
)

// maxShown bounds texts in results, in bytes.
const maxShown = 200

// TypeName names a column's type for people: "integer", "timestamp[us, UTC]".
func TypeName(t arrow.DataType) string {
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return "text"
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return "binary"
	case arrow.BOOL:
		return "boolean"
	case arrow.DATE32, arrow.DATE64:
		return "date"
	case arrow.TIMESTAMP:
		ts := t.(*arrow.TimestampType)
		if ts.TimeZone != "" {
			return fmt.Sprintf("timestamp[%s, %s]", ts.Unit, ts.TimeZone)
		}
		return fmt.Sprintf("timestamp[%s]", ts.Unit)
	case arrow.DECIMAL128, arrow.DECIMAL256:
		return strings.TrimPrefix(strings.TrimPrefix(t.String(), "decimal128"), "decimal256")
	}
	return t.String()
}

// formatter prints the values of one column.
type formatter struct {
	kind  frame.Kind
	typ   arrow.DataType
	scale int32
	units int64 // of a timestamp, per second
	flip  uint64
	zoned bool
}

func newFormatter(t arrow.DataType) formatter {
	f := formatter{kind: frame.KindOf(t), typ: t, flip: 1 << 63}
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	c := frame.Column{Type: t}
	f.scale = c.Scale()
	if c.Unsigned() {
		f.flip = 0
	}
	if ts, ok := t.(*arrow.TimestampType); ok {
		f.units, f.zoned = int64(time.Second/ts.Unit.Multiplier()), ts.TimeZone != ""
	}
	return f
}

// string prints a value in full precision; long texts are cut with an ellipsis.
func (f *formatter) string(v datum) string {
	switch f.kind {
	case frame.String:
		return shownText(v.text)
	case frame.Decimal:
		if v.text != nil {
			return formatDecimal(wideValue(v.text), f.scale)
		}
		return formatDecimal(big.NewInt(tally.ToInt(v.key)), f.scale)
	case frame.Float:
		return FormatFloat(tally.ToFloat(v.key))
	case frame.Bool:
		return strconv.FormatBool(tally.ToInt(v.key) != 0)
	case frame.Date:
		return time.Unix(tally.ToInt(v.key)*86400, 0).UTC().Format("2006-01-02")
	case frame.Time:
		return f.time(tally.ToInt(v.key))
	}
	if f.flip == 0 {
		return strconv.FormatUint(v.key, 10)
	}
	return strconv.FormatInt(tally.ToInt(v.key), 10)
}

func (f *formatter) time(v int64) string {
	sec, frac := v/f.units, v%f.units
	if frac < 0 {
		sec, frac = sec-1, frac+f.units
	}
	t := time.Unix(sec, frac*(1_000_000_000/f.units)).UTC()
	if f.zoned {
		return t.Format("2006-01-02T15:04:05.999999999Z")
	}
	return t.Format("2006-01-02T15:04:05.999999999")
}

// float returns the value as a number for moments and quantiles; ok is false for
// kinds that are not numbers.
func (f *formatter) float(v datum) (x float64, ok bool) {
	switch f.kind {
	case frame.Float:
		return tally.ToFloat(v.key), true
	case frame.Int:
		if f.flip == 0 {
			return float64(v.key), true
		}
		return float64(tally.ToInt(v.key)), true
	case frame.Decimal:
		if v.text != nil {
			x, _ = new(big.Float).SetInt(wideValue(v.text)).Float64()
		} else {
			x = float64(tally.ToInt(v.key))
		}
		return x / math.Pow10(int(f.scale)), true
	}
	return 0, false
}

// FormatFloat prints a double so that it reads back as the same value.
func FormatFloat(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func formatDecimal(v *big.Int, scale int32) string {
	if scale <= 0 {
		return new(big.Int).Mul(v, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-scale)), nil)).String()
	}
	s := new(big.Int).Abs(v).String()
	if pad := int(scale) + 1 - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	cut := len(s) - int(scale)
	s = s[:cut] + "." + s[cut:]
	if v.Sign() < 0 {
		return "-" + s
	}
	return s
}

// shownText makes bytes of the data fit for a result: valid UTF-8, not endless.
func shownText(b []byte) string {
	s := strings.ToValidUTF8(string(b[:min(len(b), maxShown+4)]), "\uFFFD")
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

package sqltable

import (
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

const dayMicros = 86_400_000_000

// misfit is the error of a value that the database cannot hold.
func (c *column) misfit(what, hint string) error {
	return fault.New(fault.Data, "column %q: %s", c.name, what).WithHint("%s", hint)
}

// micros returns a time in microseconds; finer ones must be whole microseconds, for databases keep no more.
func (c *column) micros(v int64) (int64, error) {
	unit := arrow.Microsecond
	switch t := c.typ.(type) {
	case *arrow.TimestampType:
		unit = t.Unit
	case *arrow.Time32Type:
		unit = t.Unit
	case *arrow.Time64Type:
		unit = t.Unit
	}
	k := int64(1)
	switch unit {
	case arrow.Nanosecond:
		if v%1000 != 0 {
			return 0, c.misfit("a time with nanoseconds, of which a database keeps whole microseconds only", "write Parquet, or round the times first")
		}
		return v / 1000, nil
	case arrow.Millisecond:
		k = 1000
	case arrow.Second:
		k = 1_000_000
	}
	if v > math.MaxInt64/k || v < math.MinInt64/k {
		return 0, c.misfit("a time beyond the year 9999", "")
	}
	return v * k, nil
}

// appendDate prints YYYY-MM-DD.
func (c *column) appendDate(b []byte, days int64) ([]byte, error) {
	y, m, d := civil.Date(days)
	if y < 1 || y > 9999 {
		return b, c.misfit("a date of the year "+strconv.FormatInt(y, 10)+", which databases do not know", "write Parquet, or leave such rows out with --where")
	}
	b = append(b, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-')
	b = append(two(b, m), '-')
	return two(b, d), nil
}

func two(b []byte, v int64) []byte { return append(b, byte('0'+v/10), byte('0'+v%10)) }

// appendClock prints HH:MM:SS with six digits of a fraction unless it is none.
func appendClock(b []byte, us int64) []byte {
	sec := us / 1e6
	b = append(two(b, sec/3600), ':')
	b = append(two(b, sec/60%60), ':')
	b = two(b, sec%60)
	if us %= 1e6; us != 0 {
		s := strconv.FormatInt(1e6+us, 10)
		b = append(append(b, '.'), s[1:]...)
	}
	return b
}

// appendTime prints dates, times and times of day.
func (c *column) appendTime(b []byte, v int64) ([]byte, error) {
	if c.typ.ID() == arrow.DATE32 || c.typ.ID() == arrow.DATE64 {
		return c.appendDate(b, v)
	}
	us, err := c.micros(v)
	if err != nil {
		return b, err
	}
	if c.clock() {
		if us < 0 || us >= dayMicros {
			return b, c.misfit("a time of day beyond 24 hours", "write Parquet")
		}
		return appendClock(b, us), nil
	}
	day := civil.FloorDiv(us, dayMicros)
	if b, err = c.appendDate(b, day); err != nil {
		return b, err
	}
	return appendClock(append(b, ' '), us-day*dayMicros), nil
}

// decimalAt returns the unscaled value of row i.
func decimalAt(col *frame.Column, i int) decimal128.Num {
	if col.D128 != nil {
		return col.D128[i]
	}
	return decimal128.FromI64(col.I64[i])
}

// dated reports columns whose values are printed as dates or times.
func (c *column) dated() bool {
	k := frame.KindOf(c.typ)
	return k == frame.Date || k == frame.Time || c.clock()
}

// finite reports doubles that databases know; the others are null.
func finite(f float64) bool { return f-f == 0 }

package analysis

import (
	"math"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

// explorePast is how many periods before the compared one tell how much the measures usually change: the least
// that usualRange wants, and one for a period without sales.
const explorePast = minPast + 1

// pastSuffix ends the name of the query of one of them, 0 being the latest.
func pastSuffix(k int) string { return ".past" + strconv.Itoa(k) }

// pastPeriods are the periods before the compared one, the latest first, µs of wall time, half-open: as long as it
// and each before the next, or the same days of the months before. Without a compared period just before the
// chosen one (the year before is no step of a series) there are none.
func pastPeriods(r *Request, e *Explore) (out [][2]int64) {
	if !e.compares() || r.From == query.MinTime {
		return nil
	}
	from, length := civil.FloorDiv(e.CompareFrom, dayMicros), civil.FloorDiv(e.CompareTo-e.CompareFrom, dayMicros)
	month := phrase.PeriodOf(phrase.Month, from)
	next := civil.FloorDiv(r.From, dayMicros)
	switch {
	case length <= 0:
	case month.Start == from && month.End == next: // months, of which the chosen one may be over in part
		whole := from+length == month.End
		for range explorePast {
			m := phrase.PeriodOf(phrase.Month, month.Start-1)
			end := m.End
			if !whole {
				end = min(m.End, m.Start+length)
			}
			out, month = append(out, [2]int64{m.Start * dayMicros, end * dayMicros}), m
		}
	case from+length == next:
		for range explorePast {
			out = append(out, [2]int64{(from - length) * dayMicros, from * dayMicros})
			from -= length
		}
	}
	return out
}

// usual judges the change of a measure against those between the earlier periods; past counts them.
func (d *exploreData) usual(m exploreMeasure) (t Trend, lo, hi float64, past int) {
	if !d.comparable() || !(m.value(d.before) > 0) || d.earlier == nil {
		return NoTrend, 0, 0, 0
	}
	var values []float64
	for k := len(d.earlier) - 1; k >= 0; k-- {
		values = append(values, m.value(d.earlier[k]))
	}
	return trendOf(append(values, m.value(d.before), m.value(d.now)), true)
}

// readEarlier reads the totals of the earlier periods as far back as the data reach.
func (d *exploreData) readEarlier(a *query.Answer) {
	periods := pastPeriods(d.r, d.e)
	if periods == nil {
		return
	}
	d.earlier = []totals{}
	for k, q := range periods {
		if a.Account.FirstSold >= q[0]+dayMicros {
			break
		}
		d.earlier = append(d.earlier, firstTotals(tableNamed(a, "total"+pastSuffix(k))))
	}
}

// usualWords says whether the change is outside the usual range, or that the history is too short to tell.
func (d *exploreData) usualWords() []string {
	p := d.p
	t, lo, hi, past := d.usual(d.m)
	if t == TooFewData {
		return []string{p.Pick("With "+p.Count(int64(past))+" such "+phrase.Plural(int64(past), "change", "changes")+" before, whether this is usual cannot be told yet.", "此前只有 "+p.Count(int64(past))+" 次同类变化，尚不能判断是否正常。")}
	}
	if t == NoTrend || math.IsNaN(lo) || math.IsNaN(hi) {
		return nil
	}
	rng := phrase.Signed(lo, p.Percent(lo)) + p.Pick(" and ", " 至 ") + phrase.Signed(hi, p.Percent(hi))
	n := int64(past)
	over := p.Pick("over the "+p.Count(n)+" changes before, such a period moved between "+rng+".", "此前 "+p.Count(n)+" 次变化一般在 "+rng+" 之间。")
	if t == Unusual {
		return []string{p.Pick("That is outside the usual range: "+over, "这超出了通常范围："+over)}
	}
	return []string{p.Pick("That is within the usual range: "+over, "这在通常范围之内："+over)}
}

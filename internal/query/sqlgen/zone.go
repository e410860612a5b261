package sqlgen

import (
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// change is an instant at which a zone's offset changes, in microseconds.
type change struct{ at, off int64 }

// lastYear ends the list of a zone's changes.
const lastYear = 2200

// wall turns instants (microseconds) into wall time of the relation's zone: a
// binary search written as CASE over the zone's changes.
func (r *rows) wall(x term) term {
	loc, err := time.LoadLocation(r.rel.Zone)
	if err != nil {
		return r.fail(fault.New(fault.Usage, "reading time zone %q: %w", r.rel.Zone, err))
	}
	first, list := changes(loc)
	off := r.search(x, first, list)
	return r.f("%s + %s", x, off)
}

// changes lists all changes of a zone up to lastYear, and the offset before the first.
func changes(loc *time.Location) (first int64, list []change) {
	at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).In(loc)
	_, sec := at.Zone()
	first = int64(sec) * 1e6
	last := sec
	for {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.Year() > lastYear {
			return first, list
		}
		if !end.After(at) {
			// Package time knows intervals that end where they begin, at turns of years
			// described by a rule. Nothing changes there.
			at = at.Add(time.Hour)
			continue
		}
		at = end
		if _, sec := end.Zone(); sec != last {
			last = sec
			list = append(list, change{end.UnixMicro(), int64(sec) * 1e6})
		}
	}
}

func (r *rows) search(x term, before int64, list []change) term {
	if len(list) == 0 {
		return r.int(before)
	}
	mid := len(list) / 2
	lo, hi := r.search(x, before, list[:mid]), r.search(x, list[mid].off, list[mid+1:])
	if lo.s == hi.s {
		return lo
	}
	return term{s: "CASE WHEN " + x.s + " < " + r.int(list[mid].at).s + " THEN " + lo.s + " ELSE " + hi.s + " END", step: x.step}
}

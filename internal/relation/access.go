package relation

// TimeColumns are the canonical columns that hold the time of a row, in the
// order of preference.
var TimeColumns = [...]string{OrderTS, "event_ts", "ts", "ds"}

// TimeColumn returns the index of the column that holds the time of a row, or -1.
func (r *Relation) TimeColumn() int {
	for _, n := range TimeColumns {
		if i := r.Find(n); i >= 0 && i < r.Canonical {
			return i
		}
	}
	return -1
}

// WallTime turns an instant (µs UTC) into wall time of a named zone.
func WallTime(zoneName string, t int64) (int64, error) {
	z, err := newZone(zoneName)
	if err != nil {
		return 0, err
	}
	return z.wall(t), nil
}

// ReadsTime reports whether a text reads as a time under a layout (see
// Column.Layout); blank says that nothing stands there.
func ReadsTime(layout, text string) (ok, blank bool) {
	z := zone{utc: true}
	p := timeParser{layout: layout, zone: &z}
	_, st := p.parse([]byte(text))
	return st == fine, st == absent
}

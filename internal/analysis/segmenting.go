package analysis

import (
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/rfm"
	"github.com/ecomctl/ecomctl/internal/result"
)

// SegmentRule names the customers whose scores satisfy When, a condition over SegmentColumns.
type SegmentRule struct {
	Name string
	When expr.Node
}

// SegmentColumns are what conditions of segments may name: the three scores, 1–5, and v =
// ⌊(f + m + 1) / 2⌋.
var SegmentColumns = []string{"r", "f", "m", "v"}

// SegmentLookup resolves SegmentColumns for expr.
func SegmentLookup(name string) (int, expr.Type, bool) {
	i := slices.Index(SegmentColumns, name)
	return i, expr.Int, i >= 0
}

// segmenting names the segment of every triple of scores.
type segmenting struct {
	names []string // in the order they are reported: the shop's own, then the standard ones
	of    [6][6][6]uint8
}

// maxSegments keeps a segment's number in a byte; there are 125 triples of scores.
const maxSegments = 125

// segmenting makes the segments of a request: the first rule that holds names a triple, the
// standard segments name the rest.
func (r *Request) segmenting() (*segmenting, error) {
	s := &segmenting{}
	number := func(name string) uint8 {
		i := slices.Index(s.names, name)
		if i < 0 {
			i = len(s.names)
			s.names = append(s.names, name)
		}
		return uint8(i)
	}
	for _, rule := range r.Segments[:min(len(r.Segments), maxSegments)] {
		if !slices.Contains(rfm.Segments[:], rule.Name) {
			number(rule.Name)
		}
	}
	for _, name := range rfm.Segments {
		number(name)
	}
	cols := scoreTriples()
	taken := make([]bool, cols[0].Len)
	pass := make([]bool, cols[0].Len)
	set := func(i int, name string) {
		s.of[cols[0].I64[i]][cols[1].I64[i]][cols[2].I64[i]] = number(name)
	}
	for i := range taken {
		set(i, rfm.Segments[rfm.Segment(uint8(cols[0].I64[i]), uint8(cols[1].I64[i]), uint8(cols[2].I64[i]))])
	}
	for _, rule := range r.Segments[:min(len(r.Segments), maxSegments)] {
		prog, err := expr.CompileCondition(rule.When, SegmentLookup)
		if err != nil {
			return nil, err
		}
		prog.Filter(cols, len(taken), pass)
		for i := range taken {
			if pass[i] && !taken[i] {
				taken[i] = true
				set(i, rule.Name)
			}
		}
	}
	return s, nil
}

// scoreTriples lists all triples of scores with their v.
func scoreTriples() []*frame.Column {
	cols := make([]*frame.Column, len(SegmentColumns))
	for k := range cols {
		c := result.NewData(expr.Int, 125)
		cols[k] = &c
	}
	for i := range int64(125) {
		r, f, m := 1+i/25, 1+i/5%5, 1+i%5
		for k, x := range []int64{r, f, m, (f + m + 1) / 2} {
			result.AppendInt(cols[k], x)
		}
	}
	return cols
}

// name gives every customer the segment of its scores.
func (s *segmenting) name(scores *rfm.Scores) {
	for i := range scores.Segment {
		scores.Segment[i] = s.of[scores.R[i]][scores.F[i]][scores.M[i]]
	}
}

// column shows segments as text.
func (s *segmenting) column(spec result.Spec, seg []uint8) result.Column {
	d := &frame.Dict{Off: []int32{0}}
	for _, name := range s.names {
		d.Data = append(d.Data, name...)
		d.Off = append(d.Off, int32(len(d.Data)))
	}
	codes := make([]int32, len(seg))
	for i, x := range seg {
		codes[i] = int32(x)
	}
	at := result.ArrowType(expr.Text)
	return result.Column{Spec: spec, Data: frame.Column{Type: at, Kind: frame.String, Len: len(seg), Codes: codes, Dict: d}}
}

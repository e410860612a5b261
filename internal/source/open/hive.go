package open

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// partition is a column that the name of a folder gives: date=2024-01-01.
type partition struct {
	key, value string
	null       bool
}

// hiveNull is how Hive and Spark write a missing value in a folder's name.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// partitions reads the folders key=value of a path.
func partitions(path string) []partition {
	var out []partition
	segs := strings.Split(filepath.ToSlash(filepath.Dir(path)), "/")
	for _, s := range segs {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			continue
		}
		out = append(out, partition{key: unescape(k), value: unescape(v), null: v == hiveNull})
	}
	return out
}

func unescape(s string) string {
	if t, err := url.PathUnescape(s); err == nil {
		return t
	}
	return s
}

// constant is a column of one value, read as a reader wishes.
type constant struct {
	one frame.Column
	buf frame.Column // the memory of what fill gives
}

// newConstant converts the value of a partition as wanted.
func newConstant(p partition, spec *value.Spec, w source.Want) (*constant, error) {
	as := w.As
	if as == frame.Any {
		as = frame.String
	}
	b, err := value.NewBuilder(spec, as, w.Layout)
	if err != nil {
		return nil, err
	}
	b.Reset(1)
	if p.null {
		b.SetNull(0)
	} else {
		b.Text(0, []byte(p.value))
	}
	c := &constant{}
	b.Finish(1, &c.one)
	return c, nil
}

// fill makes col a column of n rows that all hold the value.
func (c *constant) fill(n int, col *frame.Column) {
	one := &c.one
	out := frame.Column{Type: one.Type, Kind: one.Kind, Len: n}
	if one.IsNull(0) {
		out.Nulls = n
		out.Valid = grow(&c.buf.Valid, (n+7)/8)
		clear(out.Valid)
		if one.IsBad(0) {
			out.Bad = grow(&c.buf.Bad, (n+7)/8)
			for i := range out.Bad {
				out.Bad[i] = 0xff
			}
		}
	}
	switch one.Kind {
	case frame.String:
		out.Codes, out.Dict = grow(&c.buf.Codes, n), one.Dict // codes are always zero
		if out.Dict == nil {
			text := ""
			if !one.IsNull(0) {
				text = string(one.Str(0))
			}
			out.Dict = &frame.Dict{Off: []int32{0, int32(len(text))}, Data: []byte(text)}
			one.Dict, one.Codes = out.Dict, []int32{0}
		}
	case frame.Float:
		out.F64 = grow(&c.buf.F64, n)
		for i := range out.F64 {
			out.F64[i] = one.F64[0]
		}
	default:
		out.I64 = grow(&c.buf.I64, n)
		for i := range out.I64 {
			out.I64[i] = one.I64[0]
		}
	}
	*col = out
}

// grow returns *s with length n, whose memory stays with the constant.
func grow[T any](s *[]T, n int) []T {
	*s = frame.Grow(*s, n)
	return *s
}

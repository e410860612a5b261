package parquet

import "github.com/ecomctl/ecomctl/internal/source"

// Layout says how a Parquet file is laid out.
type Layout struct {
	Groups int    // row groups
	Codec  string // of the first column chunk; "" without any
}

// LayoutOf describes a dataset that Open returned; ok is false for any other.
func LayoutOf(d source.Dataset) (l Layout, ok bool) {
	p, ok := d.(*dataset)
	if !ok {
		return l, false
	}
	l.Groups = len(p.meta.groups)
	if l.Groups > 0 && len(p.meta.groups[0].columns) > 0 {
		l.Codec = codecName(p.meta.groups[0].columns[0].codec)
	}
	return l, true
}

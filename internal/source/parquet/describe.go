package parquet

import "github.com/ecomctl/ecomctl/internal/source"

// Layout says how a Parquet file is laid out.
type Layout struct {
	Groups int    // row groups
	Codec  string // of the first column chunk; "" without any
	Rows   int64
	// Stored and Decoded are the bytes of all column chunks, as they lie in the file and decompressed;
	// LargestStored and LargestDecoded those of the largest row group.
	Stored, Decoded, LargestStored, LargestDecoded int64
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
	l.Rows = p.meta.numRows
	for i := range p.meta.groups {
		var stored, decoded int64
		for j := range p.meta.groups[i].columns {
			stored += max(0, p.meta.groups[i].columns[j].totalCompressed)
			decoded += max(0, p.meta.groups[i].columns[j].totalUncompressed)
		}
		l.Stored, l.Decoded = l.Stored+stored, l.Decoded+decoded
		l.LargestStored, l.LargestDecoded = max(l.LargestStored, stored), max(l.LargestDecoded, decoded)
	}
	return l, true
}

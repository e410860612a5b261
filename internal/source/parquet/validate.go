package parquet

import "fmt"

// codecs that can be read, by the number in the footer.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecLZO    = 3
	codecBrotli = 4
	codecLZ4    = 5
	codecZstd   = 6
	codecLZ4Raw = 7
)

var codecNames = [...]string{"uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw"}

func codecName(c int8) string {
	if c < 0 || int(c) >= len(codecNames) {
		return fmt.Sprintf("unknown codec %d", c)
	}
	return codecNames[c]
}

// maxGroupRows bounds the rows that a row group may declare. No writer comes
// near it; beyond it a number is damaged.
const maxGroupRows = 1 << 34

// validate checks the footer against itself and against the size of the data
// part of the file (everything before the footer).
func (m *fileMeta) validate(cols []leaf, chunks int, dataEnd int64) error {
	var sum int64
	for i := range m.groups {
		g := &m.groups[i]
		if g.numRows < 0 || g.numRows > maxGroupRows {
			return fmt.Errorf("row group %d declares %d rows", i, g.numRows)
		}
		if sum += g.numRows; sum < 0 {
			return fmt.Errorf("the row groups declare more rows than fit 63 bits")
		}
		if len(g.columns) != chunks {
			return fmt.Errorf("row group %d has %d column chunks, the schema %d columns", i, len(g.columns), chunks)
		}
		for j := range cols {
			l := &cols[j]
			if l.refused != "" {
				continue
			}
			if err := g.columns[l.index].validate(l, g.numRows, dataEnd); err != nil {
				return fmt.Errorf("row group %d, column %q: %w", i, l.name, err)
			}
		}
	}
	if sum != m.numRows && m.numRows != 0 { // some writers leave the total out
		return fmt.Errorf("the row groups declare %d rows, the file %d", sum, m.numRows)
	}
	m.numRows = sum
	return nil
}

func (k *columnChunk) validate(l *leaf, rows, dataEnd int64) error {
	if k.encrypted || k.otherFile {
		return nil // told when the column is asked for
	}
	switch {
	case k.phys != l.phys:
		return fmt.Errorf("the chunk holds %s, the schema says %s", physName(k.phys), physName(l.phys))
	case k.numValues != rows:
		return fmt.Errorf("the chunk declares %d values for %d rows", k.numValues, rows)
	case k.totalCompressed < 0 || k.totalUncompressed < 0:
		return fmt.Errorf("the chunk declares %d bytes, %d uncompressed", k.totalCompressed, k.totalUncompressed)
	}
	if rows == 0 {
		return nil
	}
	start := k.start()
	if start < int64(len(magic)) || k.totalCompressed > dataEnd-start {
		return fmt.Errorf("the chunk lies at bytes %d to %d, the file's data ends at %d", start, start+k.totalCompressed, dataEnd)
	}
	return nil
}

// start is the offset of the chunk's first page. Some writers leave the
// dictionary's offset at zero or set it behind the data; then the data comes first.
func (k *columnChunk) start() int64 {
	if k.dictOffset >= int64(len(magic)) && k.dictOffset < k.dataOffset {
		return k.dictOffset
	}
	return k.dataOffset
}

// readable tells why a chunk cannot be read, or "".
func (k *columnChunk) refused() string {
	switch {
	case k.encrypted:
		return "the column is encrypted"
	case k.otherFile:
		return "its data lies in another file"
	case k.codec == codecLZO || int(k.codec) >= len(codecNames):
		return "the codec " + codecName(k.codec) + " is not supported"
	}
	return ""
}

// Package parquet reads Parquet files safely and fast; it is the one package
// that knows how.
//
// Arrow v17's own readers panic in goroutines of their own on damaged files,
// which ends the process. Here everything happens in the caller's goroutine,
// under one recover, and nothing is believed before it is checked:
//
//	tail ─▶ footer (own Thrift reader) ─▶ validate ─▶ leaves ─▶ splits (row groups)
//	split.Open ─▶ one column per wanted leaf:
//	   stream (bounded ReadAt) ─▶ page header ─▶ CRC ─▶ decompress ─▶ levels + values ─▶ frame.Column
//
// Every allocation is bounded before it is made: containers in the footer by
// the bytes that are left in it, pages by the codec's largest ratio, by the
// declared size of the chunk, and all of it by Options.Memory. Counts of rows,
// levels and values are compared with the footer; a difference is an error that
// names file, row group, column and page.
//
// Buffers belong to a column of a reader and pass on to the next split of the
// same dataset, so that steady reading allocates nothing but dictionaries.
package parquet

// Package parquet writes frame batches as Parquet, for clean, convert and
// optimize.
//
// The schema, the file metadata and its statistics are made by Arrow v17. The
// pages are made here: Arrow's column writers convert every value and level one
// by one, hash each string anew and cost about four times as much, and its
// file.Writer.Close drops write errors. Here a validity bitmap becomes
// definition levels by copying, dictionary codes stay codes, and every page has
// a checksum, which the reader of this project verifies.
//
//	Write(batch) ─▶ one encoder a column ─▶ pages (compressed) ─┐
//	                                                            ├─▶ row group ─▶ io.Writer
//	row group full ─▶ dictionary, statistics ───────────────────┘
//
// A column starts with a dictionary and falls back to PLAIN when the dictionary
// does not pay. The bytes depend on the rows and options only, not on the size
// of the batches or the number of threads.
package parquet

// Package collect brings lines of JSON from files that grow, rotate, shrink and vanish to Kafka or into a
// folder of Parquet files, each at least once.
//
//	Tailer ─lines─▶ check ─▶ Sink (topic, folder)        files ─▶ lines, in the order they were written
//	   │              └─ dead letters                        the sink has them ─▶ State is written, whole or not at all
//	   └──────── places ─────────▶ State
//
// A place is a file's device and inode, the offset of its next line, and digests of how the file begins and of
// what stands before the offset: a file is known again under any name, a new one that was given an old inode
// is not taken for it, and a copy (copytruncate) or a packed file (gzip) is gone on with where the original was left.
// The state is saved when the sink has acknowledged all lines before its places. What was read behind them before a
// crash is read again: the topic may hold those lines twice, a folder does not (see Folder).
package collect

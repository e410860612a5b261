// Package source defines how inputs are opened and read, whatever their format
// or place. Formats live in sub-packages; source/open recognises a format by
// content and unites several files of one schema.
//
//	URI ─open─▶ Dataset ─Splits─▶ Split ─Open(wanted columns)─▶ Reader ─Next─▶ frame.Batch
//
// Splits are the units of parallel work, in file order: a row group, a range of
// a text file, a whole stream. Each is read by one goroutine, and everything a
// reader does happens in the goroutine that calls it, so a panic inside a
// decoder can be recovered there.
package source

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// Input describes one file (or stream) of a dataset for provenance.
type Input struct {
	URI    string // as the user wrote it or as a glob found it; no secrets
	Format string // "parquet", "arrow", "arrow-stream", "csv", "ndjson", "basket", …
	Size   int64  // bytes as stored; -1 if unknown
	Rows   int64  // -1 until known
	Digest string // "" until known
	// DigestKind names what the digest covers: "length+footer" or "whole".
	DigestKind string
	// Detail is what was recognised: "delimiter ;, encoding GB18030, gzip".
	Detail string
}

// Dataset is one or more opened files of one schema.
type Dataset interface {
	// Schema lists all columns, Hive partition columns last. Nested columns are
	// present with their type and cannot be wanted.
	Schema() *arrow.Schema
	// Splits lists the units of work in file order. The list is stable.
	Splits() []Split
	// Inputs describes the files; rows and digests are complete after every split was
	// read to its end.
	Inputs() []Input
	// Notices are remarks for the user: nested columns passed over, a guessed encoding.
	Notices() []string
	// Close releases files and removes temporary ones.
	Close() error
}

// Want asks for one column of a dataset.
type Want struct {
	Col int // index into Schema
	// As asks a text format to read the values as this kind (frame.String keeps
	// the text as it is); frame.Any takes the kind of Schema. Typed formats ignore it.
	As frame.Kind
	// Layout is the stated format of times and dates in text, in Go's reference
	// layout; "" lets the reader use the recognised one.
	Layout string
}

// Stats are the least and greatest values of a column within a split, as
// stored in the file's metadata. They may be used to skip a split only when
// Valid says so; float columns may hold NaN besides.
type Stats struct {
	MinI64, MaxI64 int64   // Int, Date, Time (unit of the column's type)
	MinF64, MaxF64 float64 // Float
	MinStr, MaxStr []byte  // String; exact bounds or valid outer bounds
	Nulls          int64   // -1 when unknown
}

// Split is a part of a dataset that one goroutine reads from its start to its end.
type Split interface {
	// File is the index into Inputs.
	File() int
	// Rows is the number of rows, or -1 when only reading tells.
	Rows() int64
	// Bytes estimates the stored size of the split, for progress.
	Bytes() int64
	// Stats returns the statistics of a column; ok is false when there are none
	// or they cannot be trusted.
	Stats(col int) (Stats, bool)
	// Open starts reading the wanted columns. Opening and reading happen in the
	// caller's goroutine; a split can be opened again.
	Open(ctx context.Context, want []Want) (Reader, error)
}

// Reader gives the batches of a split.
type Reader interface {
	// Next fills b, reusing its memory, and returns io.EOF after the last batch. It
	// checks the context between batches. Any other error names the file, the row group or
	// line, the column and the cause, and is final.
	Next(b *frame.Batch) error
	// Close releases what the reader holds. It is safe after an error.
	Close() error
}

// Only returns a dataset of which only the given splits are read.
func Only(d Dataset, splits []Split) Dataset { return some{d, splits} }

type some struct {
	Dataset
	splits []Split
}

func (s some) Splits() []Split { return s.splits }

// Untyped reports whether a dataset is in a format that has only text, CSV or TSV; JSON tells
// numbers from strings.
func Untyped(d Dataset) bool {
	for _, in := range d.Inputs() {
		switch in.Format {
		case "csv", "tsv":
			return true
		}
	}
	return false
}

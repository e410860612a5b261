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

	"github.com/ecomctl/ecomctl/internal/expr"
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

// Selective is a dataset that a database keeps, which can leave rows out before they are read.
type Selective interface {
	Dataset
	// Select returns the rows for which keep may be true; nil where the database cannot tell or nothing would be gained. keep
	// is a checked condition (expr.CheckCondition). The Index of its columns is their place in Schema, -1 for what
	// only the caller knows. Every row for which keep is true is given, in the same order; others may be, too.
	// span is the place of the column whose limits the Selection tells, -1 for none.
	Select(ctx context.Context, keep expr.Node, span int) (*Selection, error)
}

// Selection is the rows of a dataset that a condition leaves, and what is known of all its rows.
type Selection struct {
	Dataset        // closed with the whole dataset
	Rows     int64 // rows of the whole dataset
	Min, Max int64 // limits of the asked column in the whole dataset, in the unit of its type; µs of dates in text
}

// Queried is a dataset that is read by statements.
type Queried interface {
	// Statement is the statement that reads the wanted columns of the first split.
	Statement(want []Want) string
}

// Only returns a dataset of which only the given splits are read.
func Only(d Dataset, splits []Split) Dataset { return some{d, splits} }

type some struct {
	Dataset
	splits []Split
}

func (s some) Splits() []Split { return s.splits }

// Alone marks a dataset that is only a sample of rows that come one by one: none of them may be
// looked up for another.
func Alone(d Dataset) Dataset { return alone{d} }

// IsAlone reports whether Alone marked a dataset.
func IsAlone(d Dataset) bool {
	_, ok := d.(alone)
	return ok
}

type alone struct{ Dataset }

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

// Package mirror makes a folder hold the files of another, whichever trees of files the two
// belong to.
//
// Each file is written whole under a hidden name, verified, and renamed. Beside it a record
// stays: size and time of the original and of the copy, and the SHA-256 of the content. A file
// whose record still fits is left alone, so that a run that was killed goes on where it ended; one
// without a record that has the right size is compared by content. A file that changes while it is
// copied is copied once more, then reported; it is never half of each.
package mirror

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Place is a tree that files are copied to.
type Place interface {
	vfs.FS
	// Put writes a new file of size bytes and returns when it is durable and holds just them.
	Put(ctx context.Context, path string, from io.ReaderAt, size int64) error
	// Keep renames a verified file to its name and keeps the record with it.
	Keep(ctx context.Context, tmp, path string, r Record) error
	// Note keeps a record with a file that has its name already.
	Note(ctx context.Context, path string, r Record) error
	// Record returns what was kept with a file; ok is false when nothing was.
	Record(ctx context.Context, path string) (r Record, ok bool, err error)
}

// Summed is a tree that knows the checksums of its files.
type Summed interface {
	// Check returns a writer and a function that tells, when all of a file was written to it,
	// whether it is the file's content; false may also mean that nobody knows.
	Check(ctx context.Context, path string) (w io.Writer, equal func() bool, err error)
}

// Record says what a copy was made of.
type Record struct {
	Size     int64     `json:"size"`     // bytes
	Modified time.Time `json:"modified"` // of the original
	Copied   time.Time `json:"copied"`   // time of the copy itself
	SHA256   string    `json:"sha256"`   // of the content, hexadecimal
}

// fits reports whether neither original nor copy has changed since the record was made.
func (r Record) fits(from, to vfs.Info) bool {
	return r.Size == from.Size && r.Size == to.Size && r.Modified.Equal(from.ModTime) && r.Copied.Equal(to.ModTime)
}

func (r Record) encode() string {
	b, err := json.Marshal(r)
	if err != nil {
		return "" // a time before the year 0: no record, so the content is compared
	}
	return string(b)
}

func decode(s string) (r Record, ok bool) {
	return r, s != "" && json.Unmarshal([]byte(s), &r) == nil
}

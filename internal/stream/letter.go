package stream

import "io"

// NewLetter makes the letter of a record of a partition; detail may be empty.
func NewLetter(partition string, r *Record, cause, detail string) *Letter {
	return letter(partition, r, cause, detail)
}

// Write writes the letter as a line of JSON.
func (l *Letter) Write(w io.Writer) error { return writeLetter(w, l) }

package collect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	headBytes = 1024 // of a file's beginning that identify it
	tailBytes = 256  // before an offset
)

// fileID is what the system calls a file whatever its name.
type fileID struct{ Device, Inode uint64 }

// mark is the digest of so many bytes: "n:hex".
type mark string

func markOf(b []byte) mark {
	if len(b) == 0 {
		return ""
	}
	sum := sha256.Sum256(b)
	return mark(fmt.Sprintf("%d:%s", len(b), hex.EncodeToString(sum[:12])))
}

// size is the number of bytes that the mark is of.
func (m mark) size() (int, error) {
	if m == "" {
		return 0, nil
	}
	n, _, _ := strings.Cut(string(m), ":")
	k, err := strconv.Atoi(n)
	if err != nil || k < 0 || k > headBytes {
		return 0, fmt.Errorf("%q is no mark", string(m))
	}
	return k, nil
}

// Place is how far a file was read, and what tells the file.
type Place struct {
	Path   string `json:"path"` // its name when it was last seen
	Base   string `json:"base"` // the name under which it was found
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"` // 0: nothing leads to the file any more
	// Offset is that of the next line; of a packed file, in what it holds.
	Offset int64 `json:"offset"`
	Head   mark  `json:"head,omitempty"` // of the first bytes
	Tail   mark  `json:"tail,omitempty"` // of the bytes before Offset
	// Moved says that the file no longer has the name under which it was found: soon nothing new will come.
	Moved bool `json:"moved,omitempty"`
	// Done says that it was read to its end, a last line without an end included.
	Done bool `json:"done,omitempty"`
	// Seen is the time of the last look after which the file was as expected, in Unix microseconds.
	Seen int64 `json:"seen"`
}

// fits reads the bytes that the marks are of; ok is false when r holds another file.
func (p *Place) fits(r io.ReaderAt) (head, tail []byte, ok bool, err error) {
	if head, ok, err = p.Head.at(r, 0); !ok {
		return nil, nil, false, err
	}
	n, err := p.Tail.size()
	if err != nil {
		return nil, nil, false, err
	}
	if tail, ok, err = p.Tail.at(r, p.Offset-int64(n)); !ok {
		return nil, nil, false, err
	}
	return head, tail, true, nil
}

// at reads the marked bytes, if those are what r holds there.
func (m mark) at(r io.ReaderAt, off int64) ([]byte, bool, error) {
	n, err := m.size()
	if err != nil || n == 0 {
		return nil, err == nil, err
	}
	b := make([]byte, n)
	k, err := r.ReadAt(b, off)
	if k < n {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
		return nil, false, err
	}
	return b, markOf(b) == m, nil
}

// grow moves the marked bytes over text that was read: head stays the beginning, tail the end.
func grow(head, tail, text []byte, off int64) (h, t []byte) {
	if room := headBytes - len(head); room > 0 && int64(len(head)) == off {
		head = append(head[:len(head):len(head)], text[:min(room, len(text))]...)
	}
	if len(text) >= tailBytes {
		return head, bytes.Clone(text[len(text)-tailBytes:])
	}
	tail = append(tail[:len(tail):len(tail)], text...)
	return head, tail[max(0, len(tail)-tailBytes):]
}

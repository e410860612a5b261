package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// piece is how much is read and written at once.
const piece = 1 << 20

// copyTo writes size bytes of from, checking ctx between pieces.
func copyTo(ctx context.Context, w io.Writer, from io.ReaderAt, size int64) error {
	buf := make([]byte, min(piece, max(size, 1)))
	for at := int64(0); at < size; at += int64(len(buf)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		buf = buf[:min(int64(len(buf)), size-at)]
		if n, err := from.ReadAt(buf, at); n < len(buf) {
			if err == nil || err == io.EOF {
				err = fault.New(fault.Input, "it became shorter while it was read")
			}
			return err
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// sum returns the SHA-256 and the length of a file.
func sum(ctx context.Context, fsys vfs.FS, path string) ([]byte, int64, error) {
	f, err := fsys.Open(ctx, path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	h, size := sha256.New(), f.Info().Size
	if err := copyTo(ctx, h, f, size); err != nil {
		return nil, 0, vfs.Classify(err, "reading "+path)
	}
	return h.Sum(nil), size, nil
}

// tee is a file whose bytes go through a hash as they are read in order. A place that begins
// anew reads from 0 again.
type tee struct {
	f    io.ReaderAt
	h    hash.Hash
	also io.Writer // nil when nobody else listens, or once the file was begun anew
	at   int64     // bytes hashed
	told func(n int64)
}

// ReadAt implements io.ReaderAt for one reader at a time.
func (t *tee) ReadAt(p []byte, off int64) (int, error) {
	n, err := t.f.ReadAt(p, off)
	if off == 0 && t.at > 0 {
		t.h.Reset()
		t.at, t.also = 0, nil
	}
	if fresh := off + int64(n) - t.at; off <= t.at && fresh > 0 {
		b := p[t.at-off : n]
		t.h.Write(b)
		if t.also != nil {
			if _, err := t.also.Write(b); err != nil {
				t.also = nil
			}
		}
		t.told(fresh)
		t.at += fresh
	}
	return n, err
}

// errChanged is the error of a file that somebody writes.
var errChanged = fault.New(fault.Locked, "it changed while it was copied").WithHint("run it again when nobody writes there")

// copyOne copies a file, verified, and keeps its record. The original is looked at before and
// after; it must be the same file of the same time.
func (m *mirror) copyOne(ctx context.Context, from vfs.Info, to string) error {
	f, err := m.src.Open(ctx, from.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, tmp := f.Info(), tmpName(to)
	defer func() {
		if err != nil {
			_ = m.dst.Remove(context.WithoutCancel(ctx), tmp)
		}
	}()
	t := &tee{f: f, h: sha256.New(), told: m.told}
	var equal func() bool
	if m.sums != nil && info.Size > 0 {
		// what is read might not be what is there: the tree's own checksum tells
		if w, f, e := m.sums.Check(ctx, from.Path); e == nil {
			t.also, equal = w, f
		}
	}
	if err = m.dst.Put(ctx, tmp, t, info.Size); err != nil {
		if now, e := m.src.Stat(ctx, from.Path); e == nil && now.Size != info.Size {
			err = errChanged
		}
		return err
	}
	after, err := m.src.Stat(ctx, from.Path)
	if err != nil {
		return err
	}
	if after.Size != info.Size || !after.ModTime.Equal(info.ModTime) || t.at != info.Size {
		err = errChanged
		return err
	}
	if equal != nil && (t.also == nil || !equal()) {
		if err = m.compare(ctx, from.Path, tmp); err != nil {
			return err
		}
	}
	err = m.dst.Keep(ctx, tmp, to, Record{Size: info.Size, Modified: info.ModTime, SHA256: hex.EncodeToString(t.h.Sum(nil))})
	return err
}

// compare reads both files.
func (m *mirror) compare(ctx context.Context, from, to string) error {
	a, n, err := sum(ctx, m.src, from)
	if err != nil {
		return err
	}
	b, k, err := sum(ctx, m.dst, to)
	if err != nil {
		return err
	}
	if n != k || string(a) != string(b) {
		return fault.New(fault.Input, "the copy of %s is not its content (%d bytes of %d)", from, k, n).WithHint("run it again; look at the health of disks and data nodes")
	}
	return nil
}

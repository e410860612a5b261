package mirror

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// journalName is the hidden file at the top of a local copy that holds the records: one JSON
// object a line, the last one of a path counts, a line cut by a crash counts not.
const journalName = ".ecomctl-sync.ndjson"

// maxJournal bounds what is read of it.
const maxJournal = 1 << 30

// Local is a folder of the local disk.
type Local struct {
	vfs.Local
	dir string

	mu      sync.Mutex
	records map[string]Record
	journal *os.File // nil until the first record
}

type entry struct {
	Path string `json:"path"` // below the folder, with slashes
	Record
}

// OpenLocal reads the records of a folder, which need not be there yet. Close ends it.
func OpenLocal(ctx context.Context, dir string) (*Local, error) {
	l := &Local{dir: dir, records: map[string]Record{}}
	f, err := l.Open(ctx, filepath.Join(dir, journalName))
	switch {
	case fault.KindOf(err) == fault.NotFound && err != nil:
		return l, nil
	case err != nil:
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxJournal))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			l.records[e.Path] = e.Record
		}
	}
	if err := lines.Err(); err != nil {
		l.records = map[string]Record{} // damaged: contents are compared instead
	}
	return l, nil
}

// Put implements Place.
func (l *Local) Put(ctx context.Context, path string, from io.ReaderAt, size int64) error {
	w, err := l.Create(ctx, path, 0o666)
	if err != nil {
		return err
	}
	sent := sha256.New()
	err = copyTo(ctx, io.MultiWriter(w, sent), from, size)
	if err == nil {
		err = w.Sync()
	}
	if e := w.Close(); err == nil {
		err = e
	}
	if err != nil {
		return vfs.Classify(err, "writing "+path)
	}
	held, n, err := sum(ctx, l, path)
	if err != nil {
		return err
	}
	if n != size || string(held) != string(sent.Sum(nil)) {
		return fault.New(fault.Input, "writing %s: the disk holds other bytes than were written (%d of %d)", path, n, size).WithHint("look at the health of the disk")
	}
	return nil
}

// Keep implements Place. A crash between renaming and recording costs a comparison.
func (l *Local) Keep(ctx context.Context, tmp, path string, r Record) error {
	if err := l.Rename(ctx, tmp, path); err != nil {
		return err
	}
	return l.Note(ctx, path, r)
}

// Note implements Place.
func (l *Local) Note(ctx context.Context, path string, r Record) error {
	info, err := l.Stat(ctx, path)
	if err != nil {
		return err
	}
	r.Copied = info.ModTime
	rel, err := l.rel(path)
	if err != nil {
		return err
	}
	line, err := json.Marshal(entry{rel, r})
	if err != nil {
		return nil // a time that JSON cannot hold: no record
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	name := filepath.Join(l.dir, journalName)
	if l.journal == nil {
		if l.journal, err = os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666); err != nil {
			return vfs.Classify(err, "opening "+name)
		}
		line = append([]byte{'\n'}, line...) // after a line that a crash cut
	}
	l.records[rel] = r
	_, err = l.journal.Write(append(line, '\n'))
	return vfs.Classify(err, "writing "+name)
}

func (l *Local) rel(path string) (string, error) {
	rel, err := filepath.Rel(l.dir, path)
	if err != nil {
		return "", fault.New(fault.Internal, "%s is not below %s", path, l.dir)
	}
	return filepath.ToSlash(rel), nil
}

// Record implements Place.
func (l *Local) Record(_ context.Context, path string) (Record, bool, error) {
	rel, err := l.rel(path)
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.records[rel]
	return r, ok, err
}

// Close ends the journal.
func (l *Local) Close() error {
	if l.journal == nil {
		return nil
	}
	return l.journal.Close()
}

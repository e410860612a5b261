package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Inbox keeps lines that were received and are not delivered yet, so that a sender has its answer as soon as
// they are on the disk, whatever the sink does. Lines are appended to segments, files that are named
// by the offset of their first byte among all bytes that ever came; what was delivered is removed.
//
// Append may be called from many goroutines: those that come while the disk is busy share its next write and sync.
// The other methods are those of a reader, for one goroutine.
type Inbox struct {
	dir   string
	limit int64 // bytes that are kept
	most  int   // longest line that is delivered
	// create makes a segment; tests let it fail.
	create func(path string) (segmentFile, error)
	roll   int64 // size after which a segment is ended

	mu       sync.Mutex
	segments []segment // in the order of their bytes; only the last one grows
	next     *write    // what waits to be written
	finished bool      // nothing is appended any more
	kept     int64     // everything before it was delivered

	wake    chan struct{} // something waits to be written, or nothing ever will
	arrived chan struct{} // something can be read
	done    chan struct{} // the writer has ended
	out     segmentFile   // the last segment, for the writer

	at    int64 // of the next line to read
	file  *os.File
	base  int64 // of file
	buf   []byte
	dirty bool
}

// segment is a file of the inbox.
type segment struct {
	base, size int64 // size is what is durable
}

// end is the offset behind the segment.
func (s segment) end() int64 { return s.base + s.size }

// segmentFile is a segment that is written.
type segmentFile interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

// write is one write to the disk for all who wait for it.
type write struct {
	text []byte
	done chan struct{}
	err  error
}

const (
	segmentBytes = 64 << 20
	inboxSuffix  = ".ndjson"
	inboxName    = "POST /events" // what dead letters call the inbox
)

// OpenInbox opens the inbox of a state, in the folder inbox beside it, which is made when the first line comes. limit is
// how many bytes are kept, maxLine the longest line that is delivered; of longer ones the beginning is kept.
func OpenInbox(s *State, limit int64, maxLine int) (*Inbox, error) {
	in := &Inbox{dir: filepath.Join(s.dir, "inbox"), limit: limit, most: maxLine, at: s.Inbox, kept: s.Inbox,
		wake: make(chan struct{}, 1), arrived: make(chan struct{}, 1), done: make(chan struct{}), create: createSegment, roll: segmentBytes}
	if err := in.find(); err != nil {
		return nil, err
	}
	go in.writer()
	return in, nil
}

// createSegment makes a file whose name is durable.
func createSegment(path string) (segmentFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, vfs.Classify(err, "writing "+path)
	}
	if err := vfs.SyncDir(filepath.Dir(path)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// find looks which segments earlier runs left. What a crash left of a write that was not answered
// ends without a line's end and is passed over.
func (in *Inbox) find() error {
	entries, err := os.ReadDir(in.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return vfs.Classify(err, "opening "+in.dir)
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), inboxSuffix)
		base, perr := strconv.ParseInt(name, 10, 64)
		if !ok || perr != nil {
			continue
		}
		st, err := e.Info()
		if err != nil {
			return vfs.Classify(err, "opening "+in.dir)
		}
		in.segments = append(in.segments, segment{base, st.Size()})
	}
	slices.SortFunc(in.segments, func(a, b segment) int { return int(a.base - b.base) })
	for i := range in.segments[:max(0, len(in.segments)-1)] { // a write that failed may have left more than counts
		s := &in.segments[i]
		s.size = min(s.size, in.segments[i+1].base-s.base)
	}
	if len(in.segments) > 0 { // a state that was lost knows nothing of what was delivered
		in.at = max(in.at, in.segments[0].base)
		in.kept = in.at
	}
	return nil
}

// path is where a segment is.
func (in *Inbox) path(base int64) string {
	return filepath.Join(in.dir, fmt.Sprintf("%015d%s", base, inboxSuffix))
}

// end is the offset of the next byte that comes; mu is held.
func (in *Inbox) end() int64 {
	if n := len(in.segments); n > 0 {
		return max(in.segments[n-1].end(), in.kept)
	}
	return in.kept
}

// Append keeps lines, each with its end, and returns when they are on the disk. It fails with fault.Unavailable when the
// inbox holds all that it may, or is closing, and as the disk does.
func (in *Inbox) Append(ctx context.Context, lines []byte) error {
	w, err := in.enqueue(lines)
	if err != nil {
		return err
	}
	select {
	case in.wake <- struct{}{}:
	default: // it is awake
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "keeping events: the disk takes too long: %w", ctx.Err()).WithHint("send them again; they may come twice")
	}
}

func (in *Inbox) enqueue(lines []byte) (*write, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	waiting := 0
	if in.next != nil {
		waiting = len(in.next.text)
	}
	switch {
	case in.finished:
		return nil, fault.New(fault.Unavailable, "keeping events: the receiver is closing").WithHint("send them again in a moment")
	case in.end()-in.kept+int64(waiting+len(lines)) > in.limit:
		return nil, fault.New(fault.Unavailable, "keeping events: %d bytes wait for the output, and no more than %d may", in.end()-in.kept, in.limit).
			WithHint("send them again when the output takes events again; the receiver says what is wrong with it")
	}
	if in.next == nil {
		in.next = &write{done: make(chan struct{})}
	}
	in.next.text = append(in.next.text, lines...)
	return in.next, nil
}

// writer writes what was appended until nothing comes any more.
func (in *Inbox) writer() {
	defer close(in.done)
	for range in.wake {
		in.mu.Lock()
		w, last := in.next, in.finished
		in.next = nil
		in.mu.Unlock()
		if w != nil {
			w.err = in.write(w.text)
			close(w.done)
			in.signal()
		}
		if last {
			in.endSegment()
			in.signal()
			return
		}
	}
}

// signal tells the reader to look again.
func (in *Inbox) signal() {
	select {
	case in.arrived <- struct{}{}:
	default:
	}
}

// write makes lines durable. After a failure the segment is given up: what of it was durable before counts, and no more.
func (in *Inbox) write(text []byte) error {
	if err := in.room(); err != nil {
		return err
	}
	in.mu.Lock()
	s := in.segments[len(in.segments)-1]
	in.mu.Unlock()
	_, err := in.out.Write(text)
	if err == nil {
		err = in.out.Sync()
	}
	if err != nil {
		_ = in.out.Truncate(s.size) // a full disk has some use for it
		in.endSegment()
		return vfs.Classify(err, "writing "+in.path(s.base))
	}
	in.mu.Lock()
	in.segments[len(in.segments)-1].size += int64(len(text))
	in.mu.Unlock()
	return nil
}

// room opens a segment that takes lines.
func (in *Inbox) room() error {
	in.mu.Lock()
	base, n := in.end(), len(in.segments)
	full := n > 0 && in.segments[n-1].size >= in.roll
	in.mu.Unlock()
	if in.out != nil && !full {
		return nil
	}
	in.endSegment()
	if err := os.MkdirAll(in.dir, 0o777); err != nil {
		return vfs.Classify(err, "making "+in.dir)
	}
	f, err := in.create(in.path(base))
	if err != nil {
		return err
	}
	in.out = f
	in.mu.Lock()
	defer in.mu.Unlock()
	if n > 0 && in.segments[n-1].size == 0 { // nothing of it ever counted, and the new one has its name
		in.segments = in.segments[:n-1]
	}
	in.segments = append(in.segments, segment{base: base})
	return nil
}

// endSegment closes the segment that is written.
func (in *Inbox) endSegment() {
	if in.out != nil {
		in.out.Close() // what counts was synced
		in.out = nil
	}
}

// Finish ends the inbox: nothing is taken any more, and Next returns io.EOF behind what is there.
func (in *Inbox) Finish() {
	in.mu.Lock()
	in.finished = true
	in.mu.Unlock()
	select {
	case in.wake <- struct{}{}:
	default:
	}
	<-in.done
}

// Close finishes the inbox and closes its files.
func (in *Inbox) Close() {
	in.Finish()
	if in.file != nil {
		in.file.Close()
		in.file = nil
	}
}

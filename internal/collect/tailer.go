package collect

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// TailOptions say what is read and how.
type TailOptions struct {
	Paths []string // files, patterns, folders
	Once  bool     // end when everything that is there was read
	// MaxLine is the longest line that is delivered, in bytes; of longer ones the beginning is kept.
	MaxLine int
	// Quiet is how long a file that was renamed must have been left alone until its last line
	// counts without an end.
	Quiet time.Duration
	Poll  time.Duration // between two looks at the files when nothing comes
	Now   func() time.Time
	Say   func(format string, args ...any)

	chunk int // tests: how much is read at once
}

const (
	lookEvery  = time.Second      // files are looked for at least so often while lines come
	closeAfter = 5 * time.Minute  // files without news are closed for the time being
	clockSlack = 2 * time.Second  // clocks of file systems are coarse
	missedFor  = 10 * time.Minute // what rotation makes of a file that vanished is looked for so long
	keptPlaces = 4096             // of files that are gone
	readChunk  = 1 << 20
)

// Tailer reads the lines of files. It is used by one goroutine.
type Tailer struct {
	o     TailOptions
	files []*file
	byID  map[fileID]*file
	names map[string]name // paths that are collected, as the last look found them
	ready []*file         // what this round has still to read

	looked  time.Time
	once    bool // the one round of --once has begun
	dirty   bool // places changed since they were last asked for
	turns   int64
	buf     []byte
	told    map[string]bool
	held    map[fileID]held
	lost    []*file                      // since the last look
	folders map[string]map[fileID]string // what folders hold, in this look
	trouble error                        // the first thing that kept a file from being read, in this round
}

// name is what a path led to: nothing, when id is zero, and when that was last seen.
type name struct {
	id   fileID
	seen time.Time
}

// NewTailer returns a tailer that goes on at the places of a state. seen says when paths were
// last looked at.
func NewTailer(o TailOptions, places []Place, seen map[string]int64) *Tailer {
	if o.chunk == 0 {
		o.chunk = readChunk
	}
	t := &Tailer{o: o, byID: map[fileID]*file{}, names: map[string]name{}, told: map[string]bool{}, held: map[fileID]held{}}
	for path, at := range seen {
		t.names[path] = name{seen: time.UnixMicro(at)}
	}
	for _, p := range places {
		f := &file{Place: p}
		t.files = append(t.files, f)
		if p.Inode == 0 {
			continue
		}
		t.byID[f.id()] = f
		if n, ok := t.names[p.Path]; ok {
			t.names[p.Path] = name{f.id(), n.seen}
		}
	}
	return t
}

// Mark notes the places behind everything that Next gave, and when each path was last looked at.
func (t *Tailer) Mark(s *State) {
	seen := map[string]int64{}
	var places []Place
	for path, n := range t.names {
		seen[path] = n.seen.UnixMicro()
	}
	for _, f := range t.files {
		if f.r != nil {
			f.setMarks()
		}
		places = append(places, f.Place)
	}
	t.dirty = false
	s.Places, s.Seen = places, seen
}

// Saved does nothing: files are their owner's.
func (t *Tailer) Saved(*State) {}

// Dirty reports whether places changed since they were last asked for.
func (t *Tailer) Dirty() bool { return t.dirty }

// Behind is the number of bytes that are known and were not read.
func (t *Tailer) Behind() (n int64) {
	for _, f := range t.files {
		if f.named && !isPacked(f.Path) && f.size > f.Offset {
			n += f.size - f.Offset
		}
	}
	return n
}

// Open is the number of files that are open.
func (t *Tailer) Open() (n int) {
	for _, f := range t.files {
		if f.r != nil {
			n++
		}
	}
	return n
}

// Close closes the files.
func (t *Tailer) Close() {
	for _, f := range t.files {
		f.close()
	}
}

// Start looks at the files for the first time, before anything is read of them.
func (t *Tailer) Start(ctx context.Context) error {
	err := t.look(ctx)
	t.once = t.o.Once
	if err == nil && len(t.files) == 0 {
		t.o.Say("note: no file is there yet under the names given")
	}
	return err
}

// Next returns the next lines, which are good until it is called again; nil when nothing came within wait; io.EOF, with Once, when
// everything was read.
func (t *Tailer) Next(ctx context.Context, wait time.Duration) (*Batch, error) {
	until := t.o.Now().Add(wait)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if now := t.o.Now(); len(t.ready) == 0 || now.Sub(t.looked) >= lookEvery && !t.once {
			if t.once {
				return nil, cmp.Or(t.trouble, io.EOF)
			}
			if err := t.look(ctx); err != nil {
				return nil, err
			}
		}
		if b := t.take(); b != nil {
			return b, nil
		}
		if t.once {
			continue
		}
		now := t.o.Now()
		if !now.Before(until) {
			return nil, nil
		}
		timer := time.NewTimer(min(t.o.Poll, until.Sub(now)))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// take reads the files of this round until one gives lines. Each gives one batch in turn, so that
// a large file does not keep the others waiting; what rotation moved away comes before the others.
func (t *Tailer) take() *Batch {
	for len(t.ready) > 0 {
		f := t.ready[0]
		t.ready = t.ready[1:]
		t.turns++
		f.turn = t.turns
		b := t.read(f)
		switch {
		case b == nil || f.atEnd:
		case f.Moved:
			t.ready = slices.Insert(t.ready, 0, f)
		default:
			t.ready = append(t.ready, f)
		}
		if b != nil && len(b.Lines) > 0 {
			return b
		}
	}
	return nil
}

// read reads a file once; nil when it has nothing, or cannot be read now.
func (t *Tailer) read(f *file) *Batch {
	if f.r == nil {
		if ok, err := f.open(); err != nil {
			t.fail(f.Path, err)
			return nil
		} else if !ok {
			t.replaced(f)
			return nil
		}
	}
	st, err := f.r.Stat()
	if err != nil {
		f.close()
		t.fail(f.Path, vfs.Classify(err, "looking at "+f.Path))
		return nil
	}
	if f.Offset == 0 && !f.changed.IsZero() && (f.size != st.Size() || !f.changed.Equal(st.ModTime())) { // it may have been copied and truncated since the look
		t.relatives(f.Base, t.looked)
		t.plan()
	}
	f.size, f.changed, f.readSize = st.Size(), st.ModTime(), st.Size()
	before := f.Offset
	final := f.Moved && t.o.Now().Sub(f.changed) >= t.o.Quiet || isPacked(f.Path)
	b, err := f.read(&t.buf, t.o.chunk, t.o.MaxLine, final)
	switch {
	case errors.Is(err, errTruncated):
		return t.truncated(f)
	case errors.Is(err, errCut):
		f.verified = f.changed // again when it has grown
		f.close()
		t.fail(f.Path, fault.New(fault.Input, "reading %s: the packed file is cut off, or damaged", f.Path).WithHint("it is read again when it has changed"))
		return nil
	case err != nil:
		f.close()
		t.fail(f.Path, err)
		return nil
	}
	f.verified, f.Seen = f.changed, t.looked.UnixMicro()
	if f.Offset != before {
		t.dirty = true
	}
	if f.atEnd && final {
		f.Done, t.dirty = true, true
		f.close()
	}
	return b
}

// fail says, once, what keeps a file from being read. It is tried again at the next look.
func (t *Tailer) fail(path string, err error) {
	if fault.KindOf(err) == fault.NotFound {
		return // it vanished between look and reading
	}
	if t.trouble == nil {
		t.trouble = err
	}
	if msg := err.Error(); !t.told[msg] {
		t.told[msg] = true
		t.o.Say("warning: %s; it is tried again", msg)
	}
}

// replaced is for a file that does not fit its place: its inode was given to another one.
func (t *Tailer) replaced(f *file) {
	st, err := os.Stat(f.Path)
	if err != nil {
		return
	}
	if id, ok := idOf(st); !ok || id != f.id() {
		return // renamed since the last look; the next one tells
	}
	id, named := f.id(), f.named
	t.lose(f)
	if !named { // a file of somebody else
		t.relatives(f.Base, time.UnixMicro(f.Seen))
		t.plan()
		return
	}
	fresh := t.add(f.Path, id, st)
	fresh.named = true
	t.ready = append(t.ready, fresh)
}

// lose keeps the place of a file that nothing leads to any more: a packed copy may turn up.
func (t *Tailer) lose(f *file) {
	f.close()
	if t.byID[f.id()] == f {
		delete(t.byID, f.id())
	}
	f.Inode, f.named, f.Moved = 0, false, true
	t.lost, t.dirty = append(t.lost, f), true
}

// add begins a new file.
func (t *Tailer) add(path string, id fileID, st fs.FileInfo) *file {
	f := &file{Place: Place{Path: path, Base: path, Device: id.Device, Inode: id.Inode, Seen: min(t.looked.UnixMicro(), st.ModTime().UnixMicro())}, size: st.Size(), changed: st.ModTime()}
	t.files = append(t.files, f)
	t.byID[id] = f
	t.dirty = true
	return f
}

// truncated begins a file anew. What it held and was not read may be in a copy.
func (t *Tailer) truncated(f *file) *Batch {
	f.setMarks()
	old, long := &file{Place: f.Place, head: f.head, tail: f.tail}, f.long
	old.Inode, old.Moved = 0, true
	f.Offset, f.Head, f.Tail, f.head, f.tail, f.long, f.Done = 0, "", "", nil, nil, nil, false
	f.atEnd, f.verified, t.dirty = true, time.Time{}, true
	if old.Offset > 0 {
		t.files = append(t.files, old)
		t.relatives(f.Base, time.UnixMicro(f.Seen))
	}
	t.plan() // f is among what is read next, behind its copy
	if old.Inode != 0 {
		t.o.Say("note: %s was truncated; what was not read of it is read from %s", f.Path, old.Path)
		return &Batch{File: f.Path}
	}
	t.o.Say("note: %s was truncated when %d bytes of it were read, and no copy of it is there; it is read from its beginning", f.Path, old.Offset)
	b := &Batch{File: f.Path}
	if long != nil { // what is known of a line that never ended
		b.Lines = append(b.Lines, stream.Record{Data: long.head, At: old.Offset, Cut: long.n})
	}
	return b
}

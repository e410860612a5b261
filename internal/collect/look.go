package collect

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Endings of the files that are read out of folders.
var endings = []string{".ndjson", ".jsonl", ".json", ".log"}

// Reads reports whether a file of this name is read when the folder that it is in is collected.
func Reads(name string) bool {
	return !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_") && slices.Contains(endings, strings.ToLower(filepath.Ext(strings.TrimSuffix(name, packedSuffix))))
}

// look finds out what the paths lead to now.
func (t *Tailer) look(ctx context.Context) error {
	first := t.looked.IsZero()
	t.looked, t.trouble, t.folders = t.o.Now(), nil, map[string]map[fileID]string{}
	paths, err := t.expand(ctx)
	if err != nil {
		return err
	}
	for _, f := range t.files {
		f.named = false
	}
	changed := map[string]time.Time{} // paths that lead elsewhere, and when they last did not
	here := map[string]bool{}
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil || !st.Mode().IsRegular() {
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.fail(path, vfs.Classify(err, "looking at "+path))
			}
			continue
		}
		id, ok := idOf(st)
		if !ok {
			return fault.New(fault.Usage, "collecting %s: this system does not tell files by inodes", path).WithHint("collect on Linux, macOS or another Unix")
		}
		if old, known := t.names[path]; known && (old.id != id || t.unread(id, st)) {
			changed[path] = old.seen
		}
		here[path] = true
		t.names[path] = name{id: id, seen: t.looked}
		t.visit(path, id, st)
	}
	for path, old := range t.names {
		if here[path] {
			continue
		}
		// while it is missing, it may come and go between two looks
		if first || old.id != (fileID{}) || t.looked.Sub(old.seen) < missedFor || slices.Contains(t.o.Paths, path) {
			changed[path] = old.seen
			t.names[path] = name{seen: old.seen}
		}
	}
	t.unnamed()
	t.search(changed, first)
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		t.relatives(path, changed[path])
	}
	for _, f := range t.lost {
		if f.Inode == 0 && f.Offset > 0 && !f.Done {
			t.o.Say("note: %s is gone, or was truncated, when %d bytes of it were read, and nothing that rotation makes of it is there; lines behind them are not collected", f.Path, f.Offset)
		}
	}
	t.lost = t.lost[:0]
	t.forget()
	t.plan()
	return nil
}

// unread reports whether a file of which nothing was read has changed. It has nothing by which a
// truncation would be noticed, so that copies of it are looked for.
func (t *Tailer) unread(id fileID, st fs.FileInfo) bool {
	f := t.byID[id]
	return f != nil && f.Offset == 0 && (f.size != st.Size() || !f.changed.Equal(st.ModTime()))
}

// expand lists the files that the paths name now, sorted.
func (t *Tailer) expand(ctx context.Context) ([]string, error) {
	var out []string
	for _, p := range t.o.Paths {
		if vfs.HasGlob(p) {
			list, err := vfs.Glob(ctx, vfs.Local{}, p)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return nil, err
			}
			out = append(out, list...)
			continue
		}
		entries, err := os.ReadDir(p)
		if err != nil { // a file, or nothing yet
			out = append(out, p)
			if _, known := t.names[p]; !known {
				t.names[p] = name{seen: t.looked}
			}
			continue
		}
		for _, e := range entries {
			if Reads(e.Name()) {
				out = append(out, filepath.Join(p, e.Name()))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// visit notes that a path leads to a file.
func (t *Tailer) visit(path string, id fileID, st fs.FileInfo) {
	f := t.byID[id]
	if f != nil && !f.named && f.r == nil && f.Offset > 0 && (f.verified.IsZero() || f.Path != path) && !t.same(f, path) {
		t.lose(f)
		f = nil
	}
	switch {
	case f == nil && isPacked(path):
		if f = t.continues(path, id); f == nil {
			if t.hold(path, id, st) {
				return
			}
			f = t.add(path, id, st)
		}
	case f == nil:
		f = t.add(path, id, st)
	case f.named:
		return // a second name of the same file
	case f.Path != path:
		if f.Path, t.dirty = path, true; f.Offset == 0 {
			f.Base = path
		}
		f.Moved = f.Path != f.Base
	}
	f.named = true
	if f.size, f.changed = st.Size(), st.ModTime(); f.Done && !isPacked(path) && f.size > f.Offset {
		f.Done = false
	}
}

// unnamed deals with files that none of the paths leads to any more: they were renamed or removed.
func (t *Tailer) unnamed() {
	for _, f := range t.files {
		switch {
		case f.named:
			f.sought = false
		case f.Inode == 0:
		case f.r != nil:
			if path, ok := t.folder(filepath.Dir(f.Path))[f.id()]; ok && path != f.Path {
				f.Path, t.dirty = path, true
			}
			if !f.Moved {
				f.Moved, t.dirty = true, true
			}
		case !f.sought:
			path, ok := t.folder(filepath.Dir(f.Path))[f.id()]
			if !ok || !t.same(f, path) {
				t.lose(f)
				continue
			}
			f.sought, f.Moved, f.Path, t.dirty = true, true, path, true
		}
	}
}

// same reports whether a path leads to what was read of a file, and not to another one that was given
// its inode.
func (t *Tailer) same(f *file, path string) bool {
	r, err := openAny(path)
	if err != nil {
		return fault.KindOf(err) != fault.NotFound // reading it tells
	}
	defer r.Close()
	_, _, ok, err := f.fits(r)
	return ok || err != nil
}

// search lists the paths whose relatives are looked at for the sake of files that were lost.
func (t *Tailer) search(changed map[string]time.Time, first bool) {
	for _, f := range t.files {
		if f.Inode != 0 || f.Done || !first && !slices.Contains(t.lost, f) {
			continue
		}
		since := t.looked
		if n, ok := t.names[f.Base]; ok {
			since = n.seen
		}
		if f.Offset == 0 { // nothing of it is known but its age
			since = time.UnixMicro(f.Seen)
		}
		if at, ok := changed[f.Base]; !ok || since.Before(at) {
			changed[f.Base] = since
		}
	}
}

// folder lists the files of a folder by what the system calls them.
func (t *Tailer) folder(dir string) map[fileID]string {
	list, ok := t.folders[dir]
	if ok {
		return list
	}
	list = map[fileID]string{}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.fail(dir, vfs.Classify(err, "looking at "+dir))
	}
	for _, e := range entries {
		if st, err := e.Info(); err == nil && st.Mode().IsRegular() {
			if id, ok := idOf(st); ok {
				list[id] = filepath.Join(dir, e.Name())
			}
		}
	}
	t.folders[dir] = list
	return list
}

// relatives looks for what rotation made of a path: copies and packed files that go on where a file was left,
// and files that came and were renamed between two looks, which are younger than the
// time when the path was last seen as it was.
func (t *Tailer) relatives(path string, since time.Time) {
	type relative struct {
		path string
		id   fileID
		st   fs.FileInfo
	}
	var list []relative
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return // told by folder, or gone
	}
	for _, e := range entries {
		if !family(filepath.Base(path), e.Name()) {
			continue
		}
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		if id, ok := idOf(st); ok && t.byID[id] == nil {
			list = append(list, relative{filepath.Join(filepath.Dir(path), e.Name()), id, st})
		}
	}
	slices.SortStableFunc(list, func(a, b relative) int {
		return cmp.Or(a.st.ModTime().Compare(b.st.ModTime()), strings.Compare(b.path, a.path))
	})
	for _, r := range list {
		if t.continues(r.path, r.id) != nil || r.st.ModTime().Before(since.Add(-clockSlack)) || isPacked(r.path) && t.hold(r.path, r.id, r.st) {
			continue
		}
		f := t.add(r.path, r.id, r.st)
		f.Base, f.Moved, f.sought = path, true, true
	}
}

// continues finds the lost file that a file holds what was read of, and gives it its place.
func (t *Tailer) continues(path string, id fileID) *file {
	for i := len(t.files) - 1; i >= 0; i-- {
		f := t.files[i]
		if f.Inode != 0 || f.Offset == 0 || filepath.Dir(f.Base) != filepath.Dir(path) || !family(filepath.Base(f.Base), filepath.Base(path)) {
			continue
		}
		r, err := openAny(path)
		if err != nil {
			t.fail(path, err)
			return nil
		}
		_, _, ok, err := f.fits(r)
		r.Close()
		if err != nil || !ok {
			continue // another file, or one that is still being packed
		}
		f.Path, f.Device, f.Inode, f.Moved, f.sought = path, id.Device, id.Inode, true, true
		f.verified = time.Time{}
		t.byID[id] = f
		t.dirty = true
		return f
	}
	return nil
}

// openAny opens a file, packed or not.
func openAny(path string) (readerAt, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, vfs.Classify(err, "opening "+path)
	}
	if isPacked(path) {
		return newPacked(f), nil
	}
	return f, nil
}

// held is a packed file whose original is still there.
type held struct {
	size     int64
	changed  time.Time
	original *file
}

// hold reports whether a packed file is a copy of one that is still there, and so has nothing new.
func (t *Tailer) hold(path string, id fileID, st fs.FileInfo) bool {
	if h, ok := t.held[id]; ok && h.size == st.Size() && h.changed.Equal(st.ModTime()) && h.original.Inode != 0 {
		return true
	}
	delete(t.held, id)
	for _, f := range t.files {
		if f.Inode == 0 || isPacked(f.Path) || filepath.Dir(f.Base) != filepath.Dir(path) || !family(filepath.Base(f.Base), filepath.Base(path)) {
			continue
		}
		r, err := openAny(path)
		if err != nil {
			return false
		}
		_, ok, err := f.beginning().at(r, 0)
		r.Close()
		if ok || err != nil {
			t.held[id] = held{st.Size(), st.ModTime(), f}
			return true
		}
	}
	return false
}

// forget drops places of files that are gone for long: the newest are kept, for a packed copy may turn up.
func (t *Tailer) forget() {
	t.files = slices.DeleteFunc(t.files, func(f *file) bool { return f.Inode == 0 && f.Offset == 0 })
	over := -keptPlaces
	for _, f := range t.files {
		if f.Inode == 0 || !f.named && f.Done {
			over++
		}
	}
	if over > 0 {
		slices.SortStableFunc(t.files, func(a, b *file) int { return cmp.Compare(a.Seen, b.Seen) })
		t.files = slices.DeleteFunc(t.files, func(f *file) bool {
			if over <= 0 || f.Inode != 0 && (f.named || !f.Done) {
				return false
			}
			over--
			if t.byID[f.id()] == f {
				delete(t.byID, f.id())
			}
			return true
		})
	}
	if len(t.names) > keptPlaces {
		for path, n := range t.names {
			if n.id == (fileID{}) && t.looked.Sub(n.seen) > 24*time.Hour && !slices.Contains(t.o.Paths, path) {
				delete(t.names, path)
			}
		}
	}
}

// plan lists the files that may have something to read, those that were moved first, then those that
// waited longest.
func (t *Tailer) plan() {
	t.ready = t.ready[:0]
	for _, f := range t.files {
		if f.Inode == 0 || f.Done && !f.named {
			continue
		}
		if f.r != nil {
			if st, err := f.r.Stat(); err == nil {
				f.size, f.changed = st.Size(), st.ModTime()
			}
		}
		waits := f.Moved && !f.Done && !isPacked(f.Path)
		same := !f.verified.IsZero() && f.verified.Equal(f.changed)
		if f.Done && same {
			continue
		}
		if same && !waits && (isPacked(f.Path) || f.atEnd && f.size == f.readSize) {
			if f.r != nil && t.looked.Sub(f.changed) > closeAfter {
				f.close()
			}
			continue
		}
		t.ready = append(t.ready, f)
	}
	slices.SortStableFunc(t.ready, func(a, b *file) int {
		if a.Moved != b.Moved {
			if a.Moved {
				return -1
			}
			return 1
		}
		if a.Moved {
			return a.changed.Compare(b.changed)
		}
		return cmp.Compare(a.turn, b.turn)
	})
}

package mirror

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// maxDepth bounds how deep folders are followed: a loop of links ends here.
const maxDepth = 32

func tooDeep(dir string) error {
	return fault.New(fault.Input, "listing %s: more than %d folders deep", dir, maxDepth).WithHint("a link may point to one of its own parents")
}

// Progress is told how far the copy is.
type Progress interface {
	Start(phase string, total int64)
	Add(n int64)
	Done()
}

// Options say how a folder is mirrored.
type Options struct {
	Delete   bool // remove files of the copy that the original has not
	DryRun   bool // only say what would be done
	Verify   bool // read files whose record fits as well
	Parallel int  // files at a time; at least 1
	Now      time.Time
	Progress Progress                         // may be nil
	Say      func(format string, args ...any) // one line for each file that is touched
}

// Count is a number of files and their bytes.
type Count struct{ Files, Bytes int64 }

func (c *Count) add(size int64) { c.Files++; c.Bytes += size }

// Summary says what was done, or would be.
type Summary struct {
	Copied    Count // new or other content
	Compared  Count // had no record, had the content
	Unchanged Count // record fits
	Deleted   Count // not in the original
	Changed   Count // changed during the run: not copied, or older than the original by now
	Failed    Count
}

type mirror struct {
	src      vfs.FS
	dst      Place
	sums     Summed // of src; may be nil
	from, to string
	opt      Options

	voice sync.Mutex // of opt.Say
	mu    sync.Mutex
	sum   Summary
	odd   map[string]bool // files that changed meanwhile, told already
	first error           // of those that concern one file
}

// Run makes the folder to hold the files of the folder from. Errors that concern one file leave
// the others to be done and are returned, the first of them, at the end.
func Run(ctx context.Context, src vfs.FS, from string, dst Place, to string, opt Options) (Summary, error) {
	m := &mirror{src: src, dst: dst, from: strings.TrimRight(from, "/"), to: strings.TrimRight(to, "/"), opt: opt, odd: map[string]bool{}}
	m.sums, _ = src.(Summed)
	if m.from == "" {
		m.from = "/"
	}
	if m.to == "" {
		return m.sum, fault.New(fault.Usage, "writing to the root folder: name a folder below it")
	}
	have, dirs, _, err := list(ctx, src, m.from)
	if err != nil {
		return m.sum, err
	}
	held, folders, left, err := list(ctx, dst, m.to)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		err = nil
	}
	if err != nil {
		return m.sum, err
	}
	if opt.Delete && len(have) == 0 && len(held) > 0 {
		return m.sum, fault.New(fault.Usage, "%s holds no file: with --delete every file of %s would go", from, to).WithHint("check the first folder; hdfs rm --recursive removes a folder")
	}
	if !opt.DryRun {
		if err := m.prepare(ctx, have, left); err != nil {
			return m.sum, err
		}
	}
	if err := m.copyAll(ctx, have, held); err != nil {
		return m.sum, err
	}
	if opt.Delete {
		if err := m.deleteRest(ctx, have, held, slices.DeleteFunc(folders, func(d string) bool { return slices.Contains(dirs, d) })); err != nil {
			return m.sum, err
		}
	}
	return m.sum, m.finish(ctx, have)
}

// prepare removes what ended runs left unfinished and makes the folders.
func (m *mirror) prepare(ctx context.Context, have map[string]vfs.Info, left []vfs.Info) error {
	for _, i := range left {
		if !abandoned(i, m.opt.Now) {
			continue
		}
		if err := m.dst.Remove(ctx, i.Path); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	folders := map[string]bool{m.to: true}
	for rel := range have {
		if dir := path.Dir(rel); dir != "." {
			folders[m.to+"/"+dir] = true
		}
	}
	for _, f := range slices.Sorted(maps.Keys(folders)) {
		if err := m.dst.MkdirAll(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// copyAll brings every file up to date.
func (m *mirror) copyAll(ctx context.Context, have, held map[string]vfs.Info) error {
	names := slices.Sorted(maps.Keys(have))
	var total int64
	for _, i := range have {
		total += i.Size
	}
	if p := m.opt.Progress; p != nil && !m.opt.DryRun {
		p.Start("copying", total)
		defer p.Done()
	}
	return parallel.Each(ctx, len(names), max(1, m.opt.Parallel), func(ctx context.Context, _, i int) error {
		rel := names[i]
		there, ok := held[rel]
		err := m.one(ctx, have[rel], m.to+"/"+rel, there, ok)
		switch {
		case err == nil:
			return nil
		case fatal(err) || ctx.Err() != nil:
			return err
		}
		m.failed(rel, have[rel].Size, err)
		return nil
	})
}

// fatal reports whether an error would meet the next file as well.
func fatal(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Full, fault.Interrupted, fault.Internal:
		return true
	}
	return false
}

func (m *mirror) failed(rel string, size int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if errors.Is(err, errChanged) {
		m.sum.Changed.add(size)
		m.odd[rel] = true
		err = fault.Wrap(err, "copying %s", rel)
	} else {
		m.sum.Failed.add(size)
	}
	m.say("%s: not copied: %v", rel, err)
	if m.first == nil {
		m.first = err
	}
}

func (m *mirror) say(format string, args ...any) {
	m.voice.Lock()
	defer m.voice.Unlock()
	m.opt.Say(format, args...)
}

// told passes bytes on to the progress.
func (m *mirror) told(n int64) {
	if m.opt.Progress != nil {
		m.opt.Progress.Add(n)
	}
}

// one brings a file up to date.
func (m *mirror) one(ctx context.Context, from vfs.Info, to string, there vfs.Info, ok bool) error {
	if !from.Regular {
		return fault.New(fault.Input, "copying %s: it is a device or a pipe", from.Path)
	}
	if ok && there.Size == from.Size {
		same, err := m.same(ctx, from, there)
		if err != nil || same {
			return err
		}
	}
	if m.opt.DryRun {
		m.say("would copy %s", from.Path)
		return m.done(&m.sum.Copied, from.Size)
	}
	err := m.copyOne(ctx, from, to)
	if errors.Is(err, errChanged) {
		err = m.copyOne(ctx, from, to)
	}
	if err != nil {
		return err
	}
	m.say("%s → %s", from.Path, to)
	return m.done(&m.sum.Copied, from.Size)
}

func (m *mirror) done(c *Count, size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.add(size)
	return nil
}

// same reports whether a file of the same size is the copy already, by its record or by content.
func (m *mirror) same(ctx context.Context, from, there vfs.Info) (bool, error) {
	r, ok, err := m.dst.Record(ctx, there.Path)
	if err != nil {
		return false, err
	}
	if ok && r.fits(from, there) && !m.opt.Verify {
		m.told(from.Size)
		return true, m.done(&m.sum.Unchanged, from.Size)
	}
	held := ""
	if ok && !m.opt.Verify && r.Size == there.Size && r.Copied.Equal(there.ModTime) {
		held = r.SHA256 // the copy is as it was recorded: only the original is read
	}
	alike, digest, err := m.alike(ctx, from, there, held)
	if err != nil || !alike {
		return false, err
	}
	if !m.opt.DryRun && !(ok && r.fits(from, there)) {
		if err := m.dst.Note(ctx, there.Path, Record{Size: from.Size, Modified: from.ModTime, SHA256: digest}); err != nil {
			return false, err
		}
	}
	m.told(from.Size)
	return true, m.done(&m.sum.Compared, from.Size)
}

// alike reads both files, or only the original where the digest of the copy is held. An original
// that changes meanwhile is alike to nothing.
func (m *mirror) alike(ctx context.Context, from, there vfs.Info, held string) (bool, string, error) {
	a, _, err := sum(ctx, m.src, from.Path)
	if err != nil {
		return false, "", err
	}
	if held == "" {
		b, _, err := sum(ctx, m.dst, there.Path)
		if err != nil {
			return false, "", err
		}
		held = hex.EncodeToString(b)
	}
	if held != hex.EncodeToString(a) {
		return false, "", nil
	}
	after, err := m.src.Stat(ctx, from.Path)
	if err != nil || after.Size != from.Size || !after.ModTime.Equal(from.ModTime) {
		return false, "", err
	}
	return true, held, nil
}

// deleteRest removes the files that the original has not, and the folders that are empty then.
// It does nothing after a failure: what could not be listed or copied may be a sign.
func (m *mirror) deleteRest(ctx context.Context, have, held map[string]vfs.Info, folders []string) error {
	if m.first != nil {
		m.say("nothing is deleted, for not everything was copied")
		return nil
	}
	for _, rel := range slices.Sorted(maps.Keys(held)) {
		if _, ok := have[rel]; ok {
			continue
		}
		i := held[rel]
		if m.opt.DryRun {
			m.say("would delete %s", i.Path)
		} else {
			if err := m.dst.Remove(ctx, i.Path); err != nil && fault.KindOf(err) != fault.NotFound {
				return err
			}
			m.say("deleted %s", i.Path)
		}
		m.sum.Deleted.add(i.Size)
	}
	if m.opt.DryRun {
		return nil
	}
	slices.Sort(folders)
	for _, rel := range slices.Backward(folders) {
		p := m.to + "/" + rel
		if in, err := m.dst.ReadDir(ctx, p); err != nil || len(in) > 0 {
			continue // somebody uses it
		}
		if err := m.dst.Remove(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// finish looks at the original again: what changed or came since is told.
func (m *mirror) finish(ctx context.Context, have map[string]vfs.Info) error {
	if m.opt.DryRun {
		return m.first
	}
	now, _, _, err := list(ctx, m.src, m.from)
	if err != nil {
		return err
	}
	for _, rel := range slices.Sorted(maps.Keys(now)) {
		was, ok := have[rel]
		if i := now[rel]; m.odd[rel] {
			continue
		} else if !ok || was.Size != i.Size || !was.ModTime.Equal(i.ModTime) {
			m.sum.Changed.add(i.Size)
			m.say("%s: it changed or came during the run; run it again to copy it as it is now", i.Path)
		}
	}
	return m.first
}

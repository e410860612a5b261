package stream

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// segmentFile is a file that chunks of state are appended to.
type segmentFile interface {
	io.Writer
	Sync() error
	Close() error
}

// ref is where a chunk stands.
type ref struct {
	Segment string `json:"s"`
	Offset  int64  `json:"o"`
	Len     int64  `json:"n"`
}

// store keeps chunks of state in segment files: one a checkpoint, or more when state is
// spilled meanwhile. Files are only ever appended to, and removed when nothing refers to them.
type store struct {
	dir    string
	temp   bool // a folder of our own, removed at the end
	create func(path string) (segmentFile, error)
	noSync bool

	run  string // makes names of this run's segments unique
	n    int
	name string
	file segmentFile
	off  int64
	head [8]byte

	seq   int64 // of the last manifest
	older map[string]bool
	lock  io.Closer
}

const segmentSuffix = ".state"

// openStore opens the folder of checkpoints, or a temporary one.
func openStore(o *Options) (*store, error) {
	s := &store{dir: o.Checkpoint, create: o.create, noSync: o.noSync}
	if s.create == nil {
		s.create = func(path string) (segmentFile, error) {
			return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		}
	}
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, fault.New(fault.Internal, "naming segments: %w", err)
	}
	s.run = hex.EncodeToString(b[:])
	if s.dir == "" {
		dir, err := os.MkdirTemp(o.TempDir, "ecomctl-stream-")
		if err != nil {
			return nil, vfs.Classify(err, "making a folder for window state")
		}
		s.dir, s.temp = dir, true
		return s, nil
	}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return nil, vfs.Classify(err, "making "+s.dir)
	}
	var err error
	s.lock, err = lockFolder(filepath.Join(s.dir, "LOCK"))
	return s, err
}

// put appends a chunk to the present segment.
func (s *store) put(chunk []byte) (ref, error) {
	if s.file == nil {
		s.n++
		s.name = fmt.Sprintf("%s-%06d%s", s.run, s.n, segmentSuffix)
		f, err := s.create(filepath.Join(s.dir, s.name))
		if err != nil {
			return ref{}, s.failed(err)
		}
		s.file, s.off = f, 0
	}
	r := ref{s.name, s.off, int64(len(chunk))}
	binary.LittleEndian.PutUint32(s.head[:], uint32(len(chunk)))
	binary.LittleEndian.PutUint32(s.head[4:], crc32.Checksum(chunk, castagnoli))
	if _, err := s.file.Write(s.head[:]); err != nil {
		return ref{}, s.failed(err)
	}
	if _, err := s.file.Write(chunk); err != nil {
		return ref{}, s.failed(err)
	}
	s.off += int64(len(chunk)) + int64(len(s.head))
	return r, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// failed tells that state could not be written, and what then.
func (s *store) failed(err error) error {
	err = vfs.Classify(err, "writing window state to "+s.dir)
	if s.temp {
		return err
	}
	return fault.New(fault.KindOf(err), "%w", err).WithHint("free some space and run the same command again: it goes on from the last checkpoint (%d)", s.seq)
}

// seal makes the present segment durable and ends it.
func (s *store) seal() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	if err := s.sync(f); err != nil {
		f.Close()
		return s.failed(err)
	}
	if err := f.Close(); err != nil {
		return s.failed(err)
	}
	return nil
}

// sync makes a file durable.
func (s *store) sync(f interface{ Sync() error }) error {
	if s.noSync {
		return nil
	}
	return f.Sync()
}

// get reads a chunk and checks it.
func (s *store) get(r ref) ([]byte, error) {
	f, err := os.Open(filepath.Join(s.dir, r.Segment))
	if err != nil {
		return nil, vfs.Classify(err, "reading window state")
	}
	defer f.Close()
	damaged := func(why string) error {
		return fault.New(fault.Input, "reading window state: %s at %d: %s", filepath.Join(s.dir, r.Segment), r.Offset, why)
	}
	head := make([]byte, 8)
	if _, err := f.ReadAt(head, r.Offset); err != nil {
		return nil, damaged("it is cut off")
	}
	if r.Len < 0 || r.Len > 1<<31 || int64(binary.LittleEndian.Uint32(head)) != r.Len {
		return nil, damaged("it is damaged")
	}
	b := make([]byte, r.Len)
	if _, err := f.ReadAt(b, r.Offset+8); err != nil {
		return nil, damaged("it is cut off")
	}
	if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, damaged("its checksum does not match")
	}
	return b, nil
}

// clean removes segments that nothing refers to.
func (s *store) clean(used map[string]bool) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return // the next checkpoint tries again
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, segmentSuffix) && !used[name] && (s.file == nil || name != s.name) {
			_ = os.Remove(filepath.Join(s.dir, name))
		}
	}
}

// Close releases the folder; a temporary one is removed.
func (s *store) Close() error {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
	if s.lock != nil {
		s.lock.Close()
	}
	if s.temp {
		return os.RemoveAll(s.dir)
	}
	return nil
}

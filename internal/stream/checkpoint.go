package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// checkpointVersion is raised when the meaning of a manifest or of state changes.
const checkpointVersion = 1

// manifest is a checkpoint: what must be known to go on. State stands in the store.
type manifest struct {
	Seq        int64                 `json:"seq"`
	Job        string                `json:"job,omitempty"` // of all runs of this checkpoint
	Setup      map[string]string     `json:"setup"`
	Inputs     []string              `json:"inputs"`
	Sample     []byte                `json:"sample"`
	Partitions map[string]*partition `json:"partitions"`
	Watermark  int64                 `json:"watermark"`
	Counts     Counts                `json:"counts"`
	Windows    []savedWindow         `json:"windows"`
	Seen       [][]ref               `json:"seen,omitempty"`
	Outputs    map[string]int64      `json:"outputs"`
	Files      map[string]string     `json:"files,omitempty"` // paths of outputs that are files
	Currency   *string               `json:"currency,omitempty"`

	id string // of the manifest's text
}

type savedWindow struct {
	Start   int64   `json:"start"`
	Written bool    `json:"written,omitempty"`
	Rev     int64   `json:"rev,omitempty"`
	Cells   [][]ref `json:"cells"`
}

const manifestPrefix = "checkpoint-"

func (s *store) manifestPath(seq int64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s%09d", manifestPrefix, seq))
}

// preparedSuffix marks a checkpoint that holds once its output has committed its id.
const preparedSuffix = ".prepared"

// prepare writes all of a checkpoint, segments first, but does not make it hold; id names it.
func (s *store) prepare(m *manifest) (id string, err error) {
	if err := s.seal(); err != nil {
		return "", err
	}
	m.Seq = s.seq + 1
	body, err := json.Marshal(m)
	if err != nil {
		return "", fault.New(fault.Internal, "writing a checkpoint: %w", err)
	}
	sum := sha256.Sum256(body)
	text := fmt.Appendf(nil, "ecomctl stream checkpoint, version %d, %d bytes, sha256 %s\n", checkpointVersion, len(body), hex.EncodeToString(sum[:]))
	m.id = idOf(m.Seq, sum)
	return m.id, s.replace(s.manifestPath(m.Seq)+preparedSuffix, append(text, body...))
}

// idOf names a checkpoint by its number and text.
func idOf(seq int64, sum [sha256.Size]byte) string {
	return fmt.Sprintf("%d-%s", seq, hex.EncodeToString(sum[:12]))
}

// promote makes a prepared checkpoint hold and removes what only older ones need.
func (s *store) promote(m *manifest) error {
	path := s.manifestPath(m.Seq)
	if err := os.Rename(path+preparedSuffix, path); err != nil {
		return s.failed(err)
	}
	s.syncDir()
	s.seq = m.Seq
	used := m.segments()
	both := map[string]bool{}
	for _, set := range []map[string]bool{used, s.older} {
		for n := range set {
			both[n] = true
		}
	}
	s.older = used
	_ = os.Remove(s.manifestPath(m.Seq - 2)) // the one before the last stays, with all it needs
	s.clean(both)
	return nil
}

// prepared reads the checkpoint after the last, if one was prepared; a damaged one was never finished.
func (s *store) prepared() *manifest {
	m, err := s.readFile(s.manifestPath(s.seq+1) + preparedSuffix)
	if err != nil {
		return nil
	}
	return m
}

// abandon removes a prepared checkpoint.
func (s *store) abandon() { _ = os.Remove(s.manifestPath(s.seq+1) + preparedSuffix) }

// replace writes a file whole: aside, synced, renamed, and the folder synced.
func (s *store) replace(path string, text []byte) error {
	tmp := path + ".tmp"
	f, err := s.create(tmp)
	if err != nil {
		return s.failed(err)
	}
	if _, err = f.Write(text); err == nil {
		err = s.sync(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		_ = os.Remove(tmp)
		return s.failed(err)
	}
	s.syncDir()
	return nil
}

// syncDir makes names durable.
func (s *store) syncDir() {
	if d, err := os.Open(s.dir); err == nil {
		_ = s.sync(d) // some file systems cannot sync folders
		d.Close()
	}
}

// segments are the files that a manifest needs.
func (m *manifest) segments() map[string]bool {
	used := map[string]bool{}
	for _, r := range m.refs() {
		used[r.Segment] = true
	}
	return used
}

func (m *manifest) refs() (all []ref) {
	for _, w := range m.Windows {
		for _, c := range w.Cells {
			all = append(all, c...)
		}
	}
	for _, c := range m.Seen {
		all = append(all, c...)
	}
	return all
}

// load finds the last good checkpoint: nil when there is none at all. A damaged one is
// passed over for the one before it, which is said; one of another version is refused.
func (s *store) load(say func(string, ...any)) (*manifest, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, vfs.Classify(err, "reading "+s.dir)
	}
	var seqs []int64
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), manifestPrefix)
		if seq, err := strconv.ParseInt(name, 10, 64); ok && err == nil {
			seqs = append(seqs, seq)
		} else if strings.HasSuffix(e.Name(), ".tmp") && ok {
			_ = os.Remove(filepath.Join(s.dir, e.Name()))
		}
	}
	slices.Sort(seqs)
	slices.Reverse(seqs)
	var first error
	for _, seq := range seqs {
		m, err := s.read(seq)
		if err == nil {
			if first != nil {
				say("note: %v; going on from checkpoint %d, the one before it", first, seq)
				for _, bad := range seqs {
					if bad > seq {
						_ = os.Rename(s.manifestPath(bad), s.manifestPath(bad)+".damaged")
					}
				}
			}
			s.seq, s.older = m.Seq, m.segments()
			return m, nil
		}
		if fault.KindOf(err) == fault.Usage {
			return nil, err
		}
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return nil, fault.New(fault.Input, "%w; there is no good one before it", first).
			WithHint("start anew: another folder for --checkpoint, and another -o; the input is read from its beginning then")
	}
	return nil, nil
}

// read reads and checks a checkpoint and all the state it needs.
func (s *store) read(seq int64) (*manifest, error) { return s.readFile(s.manifestPath(seq)) }

func (s *store) readFile(path string) (*manifest, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, vfs.Classify(err, "reading checkpoint "+path)
	}
	damaged := func(why string) (*manifest, error) {
		return nil, fault.New(fault.Input, "reading checkpoint %s: %s", path, why)
	}
	line, body, ok := bytes.Cut(text, []byte("\n"))
	var version, n int
	var sum string
	if _, err := fmt.Sscanf(string(line), "ecomctl stream checkpoint, version %d, %d bytes, sha256 %s", &version, &n, &sum); err != nil {
		if version == 0 || version == checkpointVersion {
			return damaged("its first line is cut off or not a checkpoint's")
		}
	}
	if version != checkpointVersion {
		return nil, fault.New(fault.Usage, "reading checkpoint %s: it is of version %d, and this ecomctl writes version %d", path, version, checkpointVersion).
			WithHint("go on with the ecomctl that wrote it, or start anew with another folder for --checkpoint")
	}
	if !ok || len(body) != n {
		return damaged(fmt.Sprintf("it is cut off: %d bytes of %d", len(body), n))
	}
	got := sha256.Sum256(body)
	if hex.EncodeToString(got[:]) != sum {
		return damaged("its checksum does not match")
	}
	m := &manifest{}
	if err := json.Unmarshal(body, m); err != nil {
		return damaged(err.Error())
	}
	m.id = idOf(m.Seq, got)
	for _, r := range m.refs() {
		if _, err := s.get(r); err != nil {
			return nil, fault.Wrap(err, "reading checkpoint %s", path)
		}
	}
	return m, nil
}

// matches refuses to go on with another setup than the checkpoint's.
func (m *manifest) matches(dir string, setup map[string]string, inputs []string) error {
	for _, k := range []string{"window", "by", "net", "dedupe-key", "mapping"} {
		if m.Setup[k] != setup[k] {
			return fault.New(fault.Usage, "resuming from %s: it was made with --%s %q, and this run says %q", dir, k, m.Setup[k], setup[k]).
				WithHint("windows cannot change on the way: repeat the first run's flags, or start anew with another --checkpoint and -o")
		}
	}
	if !slices.Equal(m.Inputs, inputs) {
		return fault.New(fault.Usage, "resuming from %s: it was made of %s, and this run reads %s", dir, strings.Join(m.Inputs, ", "), strings.Join(inputs, ", ")).
			WithHint("name the same inputs, or start anew with another --checkpoint and -o")
	}
	return nil
}

// sameFiles refuses files in the place of those that the checkpoint wrote: they would be cut to the length of the others.
func (m *manifest) sameFiles(dir string, names map[string]string) error {
	flags := map[string]string{"rows": "-o", "late": "--late", "dead": "--dead-letters"}
	for what, name := range names {
		if was := m.Files[what]; was != "" && was != name {
			return fault.New(fault.Usage, "resuming from %s: %s was %s, and this run says %s", dir, flags[what], was, name).
				WithHint("name the same file, or start anew with another --checkpoint")
		}
	}
	return nil
}

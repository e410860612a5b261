package collect

import (
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// stateVersion is that of the file below.
const stateVersion = 1

// State is what a later run goes on with. It is one file, replaced in one step after the sink has
// acknowledged everything before its places.
type State struct {
	Version int              `json:"version"`
	Output  string           `json:"output"`  // what the sink is called
	Running bool             `json:"running"` // the run that wrote it has not ended by itself
	Counts  Counts           `json:"counts"`  // over all runs
	Dead    int64            `json:"dead_letters_bytes"`
	DeadAt  string           `json:"dead_letters,omitempty"` // path of the file of so many bytes
	Seen    map[string]int64 `json:"paths"`                  // when each path was last looked at, in Unix microseconds
	Places  []Place          `json:"files"`
	Inbox   int64            `json:"inbox,omitempty"` // offset of the next line of the inbox
	Folder  FolderState      `json:"folder"`

	dir  string
	lock io.Closer
}

// stateFile is a state with a checksum over it.
type stateFile struct {
	Sum   uint32          `json:"crc32c"`
	State json.RawMessage `json:"state"`
}

const (
	stateName = "state.json"
	maxState  = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenState opens the state in a folder, which is made, and locks it. fresh says that there was none.
func OpenState(ctx context.Context, dir, output string) (s *State, fresh bool, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, false, vfs.Classify(err, "making "+dir)
	}
	l, err := lock(filepath.Join(dir, "LOCK"))
	if err != nil {
		return nil, false, err
	}
	if s, fresh, err = readState(ctx, dir, output); err != nil {
		l.Close()
		return nil, false, err
	}
	s.dir, s.lock = dir, l
	return s, fresh, nil
}

func readState(ctx context.Context, dir, output string) (*State, bool, error) {
	path := filepath.Join(dir, stateName)
	raw, err := vfs.ReadFile(ctx, vfs.Local{}, path, maxState)
	if fault.KindOf(err) == fault.NotFound || errors.Is(err, fs.ErrNotExist) {
		return &State{Version: stateVersion, Output: output}, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	hint := "put back a copy of it, or start anew with another --state, which delivers everything that the files hold once more"
	var f stateFile
	if json.Unmarshal(raw, &f) != nil || crc32.Checksum(f.State, castagnoli) != f.Sum {
		return nil, false, fault.New(fault.Input, "opening %s: it is cut off or damaged", path).WithHint("%s", hint)
	}
	s := &State{}
	if err := json.Unmarshal(f.State, s); err != nil || s.Version != stateVersion {
		return nil, false, fault.New(fault.Input, "opening %s: it is of version %d; this program writes version %d", path, s.Version, stateVersion).WithHint("%s", hint)
	}
	if s.Output != output {
		return nil, false, fault.New(fault.Usage, "opening %s: it is of what was delivered to %s, and this run writes to %s", path, s.Output, output).
			WithHint("give each output a state of its own: --state FOLDER")
	}
	return s, false, nil
}

// save replaces the file in one step.
func (s *State) save(ctx context.Context) error {
	inner, err := json.Marshal(s)
	if err != nil {
		return fault.New(fault.Internal, "writing the state: %w", err)
	}
	raw, err := json.Marshal(stateFile{Sum: crc32.Checksum(inner, castagnoli), State: inner})
	if err != nil {
		return fault.New(fault.Internal, "writing the state: %w", err)
	}
	return vfs.WriteAtomic(ctx, filepath.Join(s.dir, stateName), func(w io.Writer) error {
		_, err := w.Write(append(raw, '\n'))
		return err
	})
}

// Close releases the folder.
func (s *State) Close() error { return s.lock.Close() }

package mirror

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/process"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// An unfinished file is called .NAME.ecomctl-sync-HOST-PID-RANDOM.tmp. What a process that has
// ended left behind is removed by the next run; what another machine left, after a day.
const (
	tmpMark = ".ecomctl-sync-"
	tmpEnd  = ".tmp"
	tmpLife = 24 * time.Hour
)

// tmpName is the hidden name beside a file. Long names are cut: folders hold 255 bytes a name.
func tmpName(p string) string {
	dir, base := path.Split(filepath.ToSlash(p))
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("mirror: the system has no randomness: " + err.Error())
	}
	return dir + "." + base[:min(len(base), 100)] + tmpMark + process.Name() + "-" + hex.EncodeToString(b[:]) + tmpEnd
}

func isTmp(name string) bool {
	return strings.HasPrefix(name, ".") && strings.Contains(name, tmpMark) && strings.HasSuffix(name, tmpEnd)
}

// abandoned reports whether the writer of an unfinished file is gone.
func abandoned(info vfs.Info, now time.Time) bool {
	name := path.Base(filepath.ToSlash(info.Path))
	_, rest, _ := strings.Cut(strings.TrimSuffix(name, tmpEnd), tmpMark)
	if i := strings.LastIndexByte(rest, '-'); i > 0 {
		if ended, known := process.Ended(rest[:i]); known {
			return ended
		}
	}
	return now.Sub(info.ModTime) > tmpLife
}

// hidden are the names that are never copied: our own journal and every unfinished output.
func hidden(name string) bool {
	return name == journalName || strings.HasPrefix(name, ".") && strings.Contains(name, ".ecomctl-") && strings.HasSuffix(name, tmpEnd)
}

// list finds the files below a folder, by their path below it, and unfinished ones apart.
func list(ctx context.Context, fsys vfs.FS, dir string) (files map[string]vfs.Info, dirs []string, left []vfs.Info, err error) {
	files = map[string]vfs.Info{}
	var walk func(dir, rel string, depth int) error
	walk = func(dir, rel string, depth int) error {
		entries, err := fsys.ReadDir(ctx, dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := path.Base(filepath.ToSlash(e.Path))
			switch {
			case e.Dir && depth >= maxDepth:
				return tooDeep(dir)
			case e.Dir:
				dirs = append(dirs, path.Join(rel, name))
				if err := walk(e.Path, path.Join(rel, name), depth+1); err != nil {
					return err
				}
			case isTmp(name):
				left = append(left, e)
			case hidden(name):
			default:
				files[path.Join(rel, name)] = e
			}
		}
		return nil
	}
	return files, dirs, left, walk(dir, "", 0)
}

// Package hdfs is the vfs.FS of Hadoop's file system, for paths like
// hdfs://namenode:8020/shop/orders.parquet. It is the only package that knows the client.
//
// What the client cannot be trusted with is handled here: one reader belongs to one
// goroutine and goes on where it stopped; a file is written in one block that is large enough,
// under the name the caller gave, read back and compared; calls that fail for a passing reason
// are repeated for half a minute, which a restart of a name node takes; every call has a
// deadline. Not supported, and told when met: erasure coding, encryption zones, ViewFS.
package hdfs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/colinmarc/hdfs/v2"
	"github.com/colinmarc/hdfs/v2/hadoopconf"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Scheme begins the paths of this file system.
const Scheme = "hdfs://"

// Options say who speaks to which cluster.
type Options struct {
	User    string // without Kerberos; "" is the user in the path, else the system's
	ConfDir string // HADOOP_CONF_DIR: addresses of name services, Kerberos; may be ""
	TempDir string // where files wait until their size is known
	// Patience is how long passing failures are waited out; 0 is half a minute, for a name node
	// that restarts is away for about eleven seconds, and in safe mode for some more.
	Patience time.Duration
	// KerberosConfig and KerberosCache are the files krb5.conf and the ticket cache, for
	// clusters whose configuration asks for Kerberos. KerberosKeytab, where it is named, is used
	// instead of the cache.
	KerberosConfig, KerberosCache, KerberosKeytab string
}

// FS speaks to any number of clusters.
type FS struct {
	ctx context.Context // ends reads when the program is interrupted
	opt Options

	mu      sync.Mutex
	conf    hadoopconf.HadoopConf
	clients map[string]*hdfs.Client // by authority
}

var _ vfs.FS = (*FS)(nil)

// New returns a file system whose reads end with ctx. Nothing is dialled yet.
func New(ctx context.Context, opt Options) *FS {
	if opt.Patience <= 0 {
		opt.Patience = patience
	}
	return &FS{ctx: ctx, opt: opt, clients: map[string]*hdfs.Client{}}
}

// split takes a path apart: hdfs://user@host:port/dir/file.
func split(p string) (authority, name string, err error) {
	rest, ok := strings.CutPrefix(p, Scheme)
	if !ok {
		return "", "", fault.New(fault.Internal, "opening %s: not a path of HDFS", p)
	}
	authority, name, _ = strings.Cut(rest, "/")
	return authority, path.Clean("/" + name), nil
}

// whole puts a path together again, in the form the caller uses.
func whole(authority, name string) string { return Scheme + authority + name }

// at runs op against the path's cluster, again and again while the reason passes.
func (f *FS) at(ctx context.Context, what, p string, op func(c *hdfs.Client, name string) error) error {
	authority, name, err := split(p)
	if err != nil {
		return err
	}
	return f.repeat(ctx, what+" "+p, func() error {
		c, err := f.client(authority)
		if err != nil {
			return err
		}
		return op(c, name)
	})
}

// Stat implements vfs.FS.
func (f *FS) Stat(ctx context.Context, p string) (info vfs.Info, err error) {
	err = f.at(ctx, "opening", p, func(c *hdfs.Client, name string) error {
		st, err := c.Stat(name)
		if err == nil {
			info = infoOf(p, st)
		}
		return err
	})
	return info, err
}

func infoOf(p string, st os.FileInfo) vfs.Info {
	return vfs.Info{Path: p, Size: st.Size(), ModTime: st.ModTime(), Dir: st.IsDir(), Regular: !st.IsDir()}
}

// ReadDir implements vfs.FS.
func (f *FS) ReadDir(ctx context.Context, p string) (infos []vfs.Info, err error) {
	err = f.at(ctx, "listing", p, func(c *hdfs.Client, name string) error {
		list, err := c.ReadDir(name)
		if err != nil {
			return err
		}
		infos = make([]vfs.Info, 0, len(list))
		for _, st := range list {
			infos = append(infos, infoOf(strings.TrimSuffix(p, "/")+"/"+st.Name(), st))
		}
		sort.Slice(infos, func(i, j int) bool { return infos[i].Path < infos[j].Path })
		return nil
	})
	return infos, err
}

// Rename implements vfs.FS: the target is replaced in one step.
func (f *FS) Rename(ctx context.Context, from, to string) error {
	_, target, err := split(to)
	if err != nil {
		return err
	}
	moved := false
	return f.at(ctx, "renaming", from, func(c *hdfs.Client, name string) error {
		err := c.Rename(name, target)
		if errors.Is(err, fs.ErrNotExist) && moved {
			return nil // the answer to an earlier try was lost, its work was not
		}
		moved = moved || unanswered(err)
		return err
	})
}

// Remove implements vfs.FS.
func (f *FS) Remove(ctx context.Context, p string) error {
	gone := false
	return f.at(ctx, "removing", p, func(c *hdfs.Client, name string) error {
		err := c.Remove(name)
		if errors.Is(err, fs.ErrNotExist) && gone {
			return nil // as in Rename
		}
		gone = gone || unanswered(err)
		return err
	})
}

// RemoveAll implements vfs.FS.
func (f *FS) RemoveAll(ctx context.Context, p string) error {
	return f.at(ctx, "removing", p, func(c *hdfs.Client, name string) error { return c.RemoveAll(name) })
}

// MkdirAll implements vfs.FS.
func (f *FS) MkdirAll(ctx context.Context, p string) error {
	return f.at(ctx, "making the folder", p, func(c *hdfs.Client, name string) error { return c.MkdirAll(name, 0o755) })
}

// Space is the room of a cluster in bytes.
type Space struct{ Capacity, Used, Remaining int64 }

// Space asks a cluster for its room.
func (f *FS) Space(ctx context.Context, p string) (s Space, err error) {
	err = f.at(ctx, "asking for the room of", p, func(c *hdfs.Client, _ string) error {
		i, err := c.StatFs()
		s = Space{Capacity: int64(i.Capacity), Used: int64(i.Used), Remaining: int64(i.Remaining)}
		return err
	})
	return s, err
}

// Close ends the connections.
func (f *FS) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, c := range f.clients {
		errs = append(errs, c.Close())
	}
	clear(f.clients)
	return errors.Join(errs...)
}

package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// stamp is a file as the file system describes it. While it stays, so does the digest.
type stamp struct {
	path  string
	size  int64
	time  int64 // ns
	inode uint64
}

// Nothing tells that a database changed: it is read anew when somebody asks and the last reading
// is this old, or, where reading takes long, so many times as old as it took.
const (
	databaseAge   = 30 * time.Second
	databasePause = 20
)

// stamps describes the files of inputs now.
func stamps(ctx context.Context, h *session.Host, inputs []string) ([]stamp, error) {
	var out []stamp
	for _, in := range inputs {
		if database(h, in) {
			out = append(out, stamp{path: in})
			continue
		}
		paths := []string{in}
		info, err := h.Files.Stat(ctx, in)
		if err != nil && vfs.HasGlob(in) && fault.KindOf(err) == fault.NotFound {
			if paths, err = vfs.Glob(ctx, h.Files, in); err == nil && len(paths) == 0 {
				err = fault.New(fault.NotFound, "opening %s: no file matches the pattern", in).WithHint("check the spelling and the current folder")
			}
			info = vfs.Info{Dir: true} // each is described below
		}
		if err != nil {
			return nil, err
		}
		if !info.Dir {
			out = append(out, stampOf(h, info))
			continue
		}
		for _, p := range paths {
			if out, err = below(ctx, h, p, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// below adds the stamps of a file, or of the files in a folder.
func below(ctx context.Context, h *session.Host, path string, out []stamp) ([]stamp, error) {
	info, err := h.Files.Stat(ctx, path)
	if err != nil {
		return nil, err
	}
	if !info.Dir {
		return append(out, stampOf(h, info)), nil
	}
	infos, err := vfs.Walk(ctx, h.Files, path)
	for _, i := range infos {
		out = append(out, stampOf(h, i))
	}
	return out, err
}

func stampOf(h *session.Host, i vfs.Info) stamp {
	s := stamp{path: i.Path, size: i.Size, time: i.ModTime.UnixNano()}
	if !h.Files.Has(i.Path) {
		if st, err := os.Stat(i.Path); err == nil {
			s.inode = inode(st)
		}
	}
	return s
}

// database reports whether an input is no file.
func database(h *session.Host, in string) bool {
	return !h.Files.Has(in) && (strings.Contains(in, "://") || strings.HasPrefix(in, "sqlite:"))
}

// digests keeps the digests of files by their stamps.
type digests map[stamp]string

// of returns the digest of a file of a dataset: the reader's own, or one over all bytes.
func (d digests) of(ctx context.Context, h *session.Host, s stamp, known string) (string, error) {
	if database(h, s.path) { // whatever is read now
		return fmt.Sprint(h.Now().UnixNano()), nil
	}
	if sum, ok := d[s]; ok {
		return sum, nil
	}
	sum := known
	if sum == "" {
		var err error
		if sum, err = fileDigest(ctx, h, s.path); err != nil {
			return "", err
		}
	}
	d[s] = sum
	return sum, nil
}

// fileDigest hashes a whole file.
func fileDigest(ctx context.Context, h *session.Host, path string) (string, error) {
	f, err := h.Files.Open(ctx, path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum, buf := sha256.New(), make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := f.Read(buf)
		sum.Write(buf[:n])
		if err == io.EOF {
			return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", vfs.Classify(err, "reading "+path)
		}
	}
}

// resolveRoots resolves the links of the roots.
func (c *Catalog) resolveRoots(ctx context.Context) error {
	for _, r := range c.conf.Roots {
		info, err := c.conf.Host.Files.Stat(ctx, r)
		if err != nil {
			return fault.Wrap(err, "--root")
		}
		if !info.Dir {
			return fault.New(fault.Usage, "--root %s: not a folder", r)
		}
		if !c.conf.Host.Files.Has(r) {
			if r, err = realPath(r); err != nil {
				return fault.Wrap(err, "--root")
			}
		}
		c.roots = append(c.roots, strings.TrimSuffix(r, "/"))
	}
	return nil
}

func realPath(p string) (string, error) {
	abs, err := filepath.Abs(p)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	return abs, vfs.Classify(err, "resolving "+p)
}

// outside is the answer to every input that is not below a root, whether it is there or not:
// what lies elsewhere on the disk is nobody's business.
func outside(in string) error {
	return fault.New(fault.NotFound, "input %q: no such file or folder below a root", in).WithHint("start the server with --root FOLDER, and name a path in it")
}

// within resolves a path that a request named.
func (c *Catalog) within(in string) (string, error) {
	if strings.ContainsRune(in, 0) || vfs.HasGlob(in) || len(c.roots) == 0 || database(&c.conf.Host, in) && !c.conf.Host.Files.Has(in) {
		return "", outside(in)
	}
	if c.conf.Host.Files.Has(in) {
		i := strings.Index(in, "://") + 3
		clean := in[:i] + filepath.ToSlash(filepath.Clean("/" + in[i:]))[1:]
		if slices.ContainsFunc(c.roots, func(r string) bool { return strings.HasPrefix(clean, r+"/") }) {
			return clean, nil
		}
		return "", outside(in)
	}
	for _, r := range c.roots {
		if c.conf.Host.Files.Has(r) {
			continue
		}
		path := in
		if !filepath.IsAbs(in) {
			path = filepath.Join(r, in)
		}
		real, err := realPath(path)
		if err != nil {
			continue
		}
		if real == r || strings.HasPrefix(real, r+string(filepath.Separator)) {
			return real, nil
		}
	}
	return "", outside(in)
}

// contained checks that links inside a folder do not lead out of the roots.
func (c *Catalog) contained(in string, files []stamp) error {
	for _, f := range files {
		if c.conf.Host.Files.Has(f.path) {
			continue
		}
		if _, err := c.within(f.path); err != nil {
			return outside(in)
		}
	}
	return nil
}

// maxInputs bounds the inputs below roots that are known at the same time.
const maxInputs = 32

// input returns the dataset of a path below a root, loading it where it is new.
func (c *Catalog) input(ctx context.Context, in string) (*dataset, error) {
	path, err := c.within(in)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	d := c.inputs[path]
	c.touched = append(slices.DeleteFunc(c.touched, func(p string) bool { return p == path }), path)
	if d == nil {
		d = newDataset(c, Source{Name: in, Inputs: []string{path}})
		d.rooted = true
		c.inputs[path] = d
		if len(c.touched) > maxInputs {
			delete(c.inputs, c.touched[0])
			c.touched = c.touched[1:]
		}
		d.begin(false)
	}
	c.mu.Unlock()
	select {
	case <-d.loaded():
		return d, nil
	case <-ctx.Done():
		return nil, serve.NewBusy(2*time.Second, "the input is being loaded")
	}
}

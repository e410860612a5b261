package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/open"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

// fileScheme begins the folders of a disk that Spark shares with this machine.
const fileScheme = "file://"

// folder reports whether the result goes into a folder that Spark writes itself: the URL of one ends with "/".
func (o *output) folder() bool { return o.onSpark && strings.HasSuffix(o.file, "/") }

// checkFolder refuses what Spark does not write.
func (o *output) checkFolder() error {
	u, err := url.Parse(o.file)
	switch {
	case err != nil || !strings.HasPrefix(o.file, hdfs.Scheme) && !strings.HasPrefix(o.file, fileScheme+"/"):
		return fault.New(fault.Usage, "-o %s: Spark writes folders where it runs", o.file).
			WithHint("write -o hdfs://HOST:PORT/FOLDER/, or -o file:///FOLDER/ for a disk that Spark and this machine share; without the / it is a file, written here")
	case u.User != nil:
		return fault.New(fault.Usage, "-o %s: Spark takes no user from a path", o.file).WithHint("the folder is written by the user of the Spark server, and named by that of HADOOP_USER_NAME")
	case path.Clean("/"+u.Path) == "/":
		return fault.New(fault.Usage, "-o %s: a folder is wanted, not the root of all", o.file)
	case o.format != "" && o.format != "parquet":
		return fault.New(fault.Usage, "--format %s: Spark writes folders of Parquet files", o.format).WithHint("leave --format out, or name a file with -o")
	case o.limit >= 0:
		return fault.New(fault.Usage, "--limit: few rows come here").WithHint("name a file with -o")
	case o.pseudonymise:
		return fault.New(fault.Usage, "--pseudonymise: the key does not leave this machine, and Spark writes the rows").WithHint("name a file with -o")
	}
	return o.into.check(o.file, o.format)
}

// shape is what --columns and --sort ask for.
func (o *output) shape() (s analysis.Shape, err error) {
	s.Columns = o.columns
	for _, k := range o.sort {
		name, desc, err := result.ParseSort(k)
		if err != nil {
			return s, err
		}
		s.Sort = append(s.Sort, query.SortKey{Column: name, Desc: desc})
	}
	return s, nil
}

// staged is a folder that Spark writes beside the one it is meant for, whose place it takes when it is whole.
type staged struct {
	files       vfs.FS
	to, tmp     string // as files sees them
	sparkTarget string // tmp as Spark sees it
}

// newStaged names the folders; nothing is made.
func (a *App) newStaged(out string) *staged {
	out = strings.TrimRight(out, "/")
	s := &staged{files: a.files().For(out), to: out}
	if rest, local := strings.CutPrefix(out, fileScheme); local {
		s.to = rest
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	dir, base := path.Split(s.to)
	s.tmp = dir + "." + base + ".ecomctl-" + hex.EncodeToString(b[:]) + ".tmp"
	s.sparkTarget = s.tmp
	if s.to != out {
		s.sparkTarget = fileScheme + s.tmp
	}
	return s
}

// check refuses to replace what no such command has written, and proves that this user may write where the folder is to be, and that
// sees, where a disk is shared, finds the same folder.
func (s *staged) check(ctx context.Context, sees func(ctx context.Context, file string) (bool, error)) error {
	if _, err := s.old(ctx); err != nil {
		return err
	}
	if err := s.files.MkdirAll(ctx, s.tmp); err != nil {
		return fault.Wrap(err, "writing %s/", s.to)
	}
	var err error
	if s.sparkTarget != s.tmp {
		err = s.shared(ctx, sees)
	}
	return errors.Join(err, s.remove(ctx, s.tmp))
}

// shared refuses a folder of this machine that Spark does not see.
func (s *staged) shared(ctx context.Context, sees func(ctx context.Context, file string) (bool, error)) error {
	const name = "/here.txt"
	if err := vfs.WriteAtomicFS(ctx, s.files, s.tmp+name, func(w io.Writer) error { _, err := io.WriteString(w, "here\n"); return err }); err != nil {
		return err
	}
	seen, err := sees(ctx, s.sparkTarget+name)
	if err == nil && !seen {
		err = fault.New(fault.Usage, "-o %s%s/: Spark does not see this machine's folder of that name", fileScheme, s.to).WithHint("write -o hdfs://HOST:PORT/FOLDER/, or a folder of a disk that both share")
	}
	return err
}

// old reports whether there is a folder to be replaced. One that holds anything but a result of Spark is refused.
func (s *staged) old(ctx context.Context) (bool, error) {
	info, err := s.files.Stat(ctx, s.to)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return false, nil
		}
		return false, err
	}
	if !info.Dir {
		return false, fault.New(fault.Usage, "writing %s/: it is a file", s.to).WithHint("name another folder")
	}
	entries, err := s.files.ReadDir(ctx, s.to)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		name := path.Base(filepath.ToSlash(e.Path))
		part := strings.HasPrefix(strings.TrimPrefix(name, "."), "part-") && (strings.HasSuffix(name, ".parquet") || strings.HasSuffix(name, ".parquet.crc"))
		if e.Dir || !part && name != "_SUCCESS" && name != "._SUCCESS.crc" {
			return false, fault.New(fault.Usage, "writing %s/: it holds %s, which no result of Spark does, and the folder would be replaced", s.to, name).WithHint("name another folder")
		}
	}
	return true, nil
}

// publish gives the written folder its name. The old one goes when the new one is in its place.
func (s *staged) publish(ctx context.Context) error {
	old, err := s.old(ctx)
	if err != nil {
		return err
	}
	aside := strings.TrimSuffix(s.tmp, ".tmp") + ".old"
	if old {
		if err := s.files.Rename(ctx, s.to, aside); err != nil {
			return err
		}
	}
	if err := s.files.Rename(ctx, s.tmp, s.to); err != nil {
		if old {
			err = errors.Join(err, s.files.Rename(context.WithoutCancel(ctx), aside, s.to))
		}
		return err
	}
	if old {
		return s.remove(ctx, aside)
	}
	return nil
}

// cleanUpTime bounds the removal of what is left of a failed result.
const cleanUpTime = 30 * time.Second

// remove removes a folder with all that is in it, also after an interrupt.
func (s *staged) remove(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	if err := s.files.RemoveAll(ctx, dir); fault.KindOf(err) != fault.NotFound {
		return err
	}
	return nil
}

// writeThere lets Spark write the result of an analysis into the folder of -o, whole or not at all.
func (s *opened) writeThere(ctx context.Context, eng engine.Engine, d *analysis.Definition, o *output) (err error) {
	w, ok := eng.(engine.Writer)
	if !ok {
		return fault.New(fault.Internal, "%s writes no folders", eng.Name())
	}
	shape, err := o.shape()
	if err != nil {
		return err
	}
	if err := s.apartFromInputs(o.file); err != nil {
		return err
	}
	st := s.app.newStaged(o.file)
	if err := st.check(ctx, s.rem.c.Sees); err != nil {
		return err
	}
	defer func() {
		if left := st.remove(ctx, st.tmp); left != nil {
			s.app.say("note: %s is left over: %v", st.tmp, left)
		}
	}()
	res, err := analysis.RunThere(ctx, w, d, s.Req, shape, st.sparkTarget)
	if err != nil {
		return err
	}
	rows, files, err := s.written(ctx, st.tmp)
	if err != nil {
		return err
	}
	if err := st.publish(ctx); err != nil {
		return fault.Wrap(err, "writing %s", o.file)
	}
	s.app.say("Spark wrote %d %s to %s (%d %s)", rows, phrase.Plural(rows, "row", "rows"), o.file, files, phrase.Plural(int64(files), "file", "files"))
	return s.account(&res.Account)
}

// explainThere prints what writeThere would tell Spark.
func (s *opened) explainThere(eng engine.Engine, d *analysis.Definition, o *output) error {
	w, ok := eng.(engine.Writer)
	if !ok {
		return fault.New(fault.Internal, "%s writes no folders", eng.Name())
	}
	shape, err := o.shape()
	if err != nil {
		return err
	}
	rows, err := analysis.DerivedOf(d, s.Req, shape)
	if err != nil {
		return err
	}
	text, err := w.ExplainWrite(s.Rel, rows, o.file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.app.IO.Out, text)
	return err
}

// written reads the footers of what Spark has written, which must be whole.
func (s *opened) written(ctx context.Context, dir string) (rows int64, files int, err error) {
	if _, err := s.app.files().Stat(ctx, dir+"/_SUCCESS"); err != nil {
		return 0, 0, fault.Wrap(err, "looking at what Spark has written")
	}
	opts, err := session.OpenOptions(s.host(nil), &s.Settings)
	if err != nil {
		return 0, 0, err
	}
	d, err := open.Open(ctx, []string{dir}, opts)
	if err != nil {
		return 0, 0, fault.Wrap(err, "looking at what Spark has written")
	}
	defer d.Close()
	for _, sp := range d.Splits() {
		rows += sp.Rows()
	}
	return rows, len(d.Inputs()), nil
}

// apartFromInputs refuses a folder that holds an input or is in one: it would be read with it, or replace it.
func (s *opened) apartFromInputs(out string) error {
	folder := func(u string) string {
		u = strings.TrimPrefix(strings.TrimPrefix(u, fileScheme), "file:")
		if rest, ok := strings.CutPrefix(u, hdfs.Scheme); ok { // one cluster has several names
			_, name, _ := strings.Cut(rest, "/")
			return hdfs.Scheme + path.Clean("/"+name) + "/"
		}
		return path.Clean(u) + "/"
	}
	inputs := []source.Dataset{s.Data}
	for _, d := range s.Tables {
		inputs = append(inputs, d)
	}
	to := folder(out)
	for _, d := range inputs {
		for _, in := range d.Inputs() {
			from := folder(in.URI)
			matched, err := path.Match(from, to)
			if strings.HasPrefix(from, to) || strings.HasPrefix(to, from) || err == nil && matched {
				return fault.New(fault.Usage, "the output %s and the input %s are in each other", out, in.URI).WithHint("write another folder; the input stays as it is")
			}
		}
	}
	return nil
}

package cli

import (
	"context"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

func newHDFS(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "hdfs",
		Short: "Files on Hadoop's file system: list, copy, remove, room",
		Long: `Paths are hdfs://host:port/path, hdfs://nameservice/path or hdfs:///path with
HADOOP_CONF_DIR (addresses of name services, Kerberos tickets of kinit), and hdfs://user@host:port/path
or HADOOP_USER_NAME for another user. Every command of ecomctl takes such paths as input and as -o.
Files are written whole under a hidden name, read back, compared and renamed.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newHDFSList(a), newHDFSPut(a), newHDFSGet(a), newHDFSRemove(a), newHDFSRoom(a), newHDFSSync(a))
	return c
}

// onHDFS refuses paths of other trees.
func onHDFS(p string) error {
	if !strings.HasPrefix(p, hdfs.Scheme) {
		return fault.New(fault.Usage, "%s: not a path of HDFS", p).WithHint("write hdfs://host:port/path, or hdfs:///path with HADOOP_CONF_DIR")
	}
	return nil
}

var listSpecs = []result.Spec{
	{Name: "path", Type: expr.Text, Desc: "path of the file or folder"},
	{Name: "type", Type: expr.Text, Desc: "file or folder"},
	{Name: "bytes", Type: expr.Int, Desc: "size", Null: "a folder"},
	{Name: "modified", Type: expr.Time, Desc: "last change, UTC"},
}

func newHDFSList(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:     "ls PATH",
		Short:   "List a folder, a file, or what a pattern matches",
		Example: "  ecomctl hdfs ls hdfs://namenode:8020/shop\n  ecomctl hdfs ls 'hdfs:///shop/2024-*.parquet' --format json",
		Args:    cobra.ExactArgs(1),
	}
	out := addOutput(a, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := onHDFS(args[0]); err != nil {
			return err
		}
		infos, err := list(c.Context(), a.files(), args[0])
		if err != nil {
			return err
		}
		t := &result.Table{Name: "ls", N: len(infos)}
		for _, s := range listSpecs {
			t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, len(infos))})
		}
		for _, i := range infos {
			kind := "file"
			if i.Dir {
				kind = "folder"
				result.AppendNull(&t.Columns[2].Data)
			} else {
				result.AppendInt(&t.Columns[2].Data, i.Size)
			}
			result.AppendText(&t.Columns[0].Data, i.Path)
			result.AppendText(&t.Columns[1].Data, kind)
			result.AppendInt(&t.Columns[3].Data, i.ModTime.UnixMicro())
		}
		return out.write(c.Context(), t, nil)
	}
	return c
}

// list describes a file, the entries of a folder, or what a pattern matches.
func list(ctx context.Context, fsys vfs.FS, p string) ([]vfs.Info, error) {
	info, err := fsys.Stat(ctx, p)
	switch {
	case err == nil && info.Dir:
		return fsys.ReadDir(ctx, p)
	case err == nil:
		return []vfs.Info{info}, nil
	case !vfs.HasGlob(p) || fault.KindOf(err) != fault.NotFound:
		return nil, err
	}
	paths, err := vfs.Glob(ctx, fsys, p)
	if err != nil {
		return nil, err
	}
	var infos []vfs.Info
	for _, p := range paths {
		info, err := fsys.Stat(ctx, p)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func newHDFSPut(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "put FILE … PATH",
		Short: "Copy local files to HDFS",
		Long: `Copies files to a folder, which is made when its name ends in /, or one file to a new name. An existing file is
replaced in one step, when the copy has been read back and is right.`,
		Example: "  ecomctl hdfs put orders.parquet hdfs://namenode:8020/shop/\n  ecomctl hdfs put orders.parquet hdfs:///shop/2024.parquet",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			to := args[len(args)-1]
			if err := onHDFS(to); err != nil {
				return err
			}
			return a.copyFiles(c.Context(), args[:len(args)-1], to)
		},
	}
}

func newHDFSGet(a *App) *cobra.Command {
	return &cobra.Command{
		Use:     "get PATH … FILE",
		Short:   "Copy files of HDFS to the local disk",
		Example: "  ecomctl hdfs get hdfs://namenode:8020/shop/orders.parquet .\n  ecomctl hdfs get 'hdfs:///shop/2024-*.parquet' data/",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			var from []string
			for _, p := range args[:len(args)-1] {
				if err := onHDFS(p); err != nil {
					return err
				}
				if !vfs.HasGlob(p) {
					from = append(from, p)
					continue
				}
				found, err := vfs.Glob(c.Context(), a.files(), p)
				if err != nil {
					return err
				}
				if len(found) == 0 {
					return fault.New(fault.NotFound, "opening %s: nothing matches", p)
				}
				from = append(from, found...)
			}
			return a.copyFiles(c.Context(), from, args[len(args)-1])
		},
	}
}

// copyFiles copies each file into the folder to, or one file to the name to.
func (a *App) copyFiles(ctx context.Context, from []string, to string) error {
	info, err := a.files().Stat(ctx, to)
	folder := err == nil && info.Dir
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	switch made := strings.HasSuffix(to, "/"); {
	case folder:
	case err == nil && (made || len(from) > 1):
		return fault.New(fault.Usage, "copying to %s: it is a file, not a folder", to).WithHint("name another folder")
	case made:
		if err := a.makeFolder(ctx, from, to); err != nil {
			return err
		}
		folder = true
	case len(from) > 1:
		return fault.New(fault.NotFound, "copying to %s: there is no such folder", to).WithHint("with a / at its end it is made")
	}
	for _, p := range from {
		target := to
		if folder {
			target = strings.TrimSuffix(to, "/") + "/" + path.Base(filepath.ToSlash(p))
		}
		if sameFile(p, target) {
			return fault.New(fault.Usage, "%s and %s are the same file", p, target)
		}
		if err := a.copyFile(ctx, p, target); err != nil {
			return err
		}
		a.say("%s → %s", p, target)
	}
	return nil
}

// makeFolder makes a folder for files, unless one of them is not there.
func (a *App) makeFolder(ctx context.Context, files []string, to string) error {
	for _, p := range files {
		if _, err := a.files().Stat(ctx, p); err != nil {
			return err
		}
	}
	return a.files().For(to).MkdirAll(ctx, strings.TrimRight(to, "/"))
}

func (a *App) copyFile(ctx context.Context, from, to string) error {
	in, err := a.files().Open(ctx, from)
	if err != nil {
		return err
	}
	defer in.Close()
	return a.writeAtomic(ctx, to, func(w io.Writer) error {
		n, err := io.CopyBuffer(w, in, make([]byte, 1<<20))
		if err != nil {
			return vfs.Classify(err, "copying "+from)
		}
		if want := in.Info().Size; in.Info().Regular && n != want {
			return fault.New(fault.Input, "copying %s: %d bytes were read where there were %d: it changed meanwhile", from, n, want).WithHint("copy it again when nobody writes it")
		}
		return nil
	})
}

func newHDFSRemove(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:     "rm PATH …",
		Short:   "Remove files, or folders with --recursive",
		Example: "  ecomctl hdfs rm hdfs://namenode:8020/shop/old.parquet\n  ecomctl hdfs rm --recursive hdfs:///shop/2019",
		Args:    cobra.MinimumNArgs(1),
	}
	deep := c.Flags().BoolP("recursive", "r", false, "remove folders with all that is in them")
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, p := range args {
			if err := onHDFS(p); err != nil {
				return err
			}
			fsys := a.files().For(p)
			info, err := fsys.Stat(c.Context(), p)
			if err != nil {
				return err
			}
			remove := fsys.Remove
			if info.Dir {
				if !*deep {
					return fault.New(fault.Usage, "removing %s: it is a folder", p).WithHint("add --recursive to remove it with all that is in it")
				}
				remove = fsys.RemoveAll
			}
			if err := remove(c.Context(), p); err != nil {
				return err
			}
			a.say("removed %s", p)
		}
		return nil
	}
	return c
}

var roomSpecs = []result.Spec{
	{Name: "path", Type: expr.Text, Desc: "the cluster's path as given"},
	{Name: "capacity", Type: expr.Int, Desc: "bytes of all data nodes"},
	{Name: "used", Type: expr.Int, Desc: "bytes used by HDFS, replicas included"},
	{Name: "remaining", Type: expr.Int, Desc: "bytes that can still be written, replicas included"},
}

func newHDFSRoom(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:     "df PATH",
		Short:   "Room of the cluster",
		Example: "  ecomctl hdfs df hdfs://namenode:8020/",
		Args:    cobra.ExactArgs(1),
	}
	out := addOutput(a, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := onHDFS(args[0]); err != nil {
			return err
		}
		space, err := a.files().For(args[0]).(*hdfs.FS).Space(c.Context(), args[0])
		if err != nil {
			return err
		}
		t := &result.Table{Name: "df", N: 1}
		for _, s := range roomSpecs {
			t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, 1)})
		}
		result.AppendText(&t.Columns[0].Data, args[0])
		for i, n := range []int64{space.Capacity, space.Used, space.Remaining} {
			result.AppendInt(&t.Columns[i+1].Data, n)
		}
		return out.write(c.Context(), t, nil)
	}
	return c
}

package cli

import (
	"context"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

// files are the trees of files that paths may lead to. Nothing is dialled before a path of
// the tree is used.
func (a *App) files() vfs.Schemes {
	if a.trees == nil {
		a.trees = vfs.Schemes{hdfs.Scheme: hdfs.New(a.context(), a.hadoop())}
	}
	return a.trees
}

// context is that of the command that runs.
func (a *App) context() context.Context {
	if a.ctx != nil {
		return a.ctx
	}
	return context.Background()
}

// hadoop reads what the environment says about Hadoop.
func (a *App) hadoop() hdfs.Options {
	conf := a.Getenv("HADOOP_CONF_DIR")
	if home := a.Getenv("HADOOP_HOME"); conf == "" && home != "" {
		conf = filepath.Join(home, "etc", "hadoop")
	}
	krb := a.Getenv("KRB5_CONFIG")
	if krb == "" {
		krb = "/etc/krb5.conf"
	}
	cache := a.Getenv("KRB5CCNAME")
	if cache == "" {
		cache = filepath.Join(os.TempDir(), "krb5cc_"+userID())
	}
	return hdfs.Options{User: a.Getenv("HADOOP_USER_NAME"), ConfDir: conf, KerberosConfig: krb, KerberosCache: cache,
		KerberosKeytab: a.Getenv("KRB5_CLIENT_KTNAME")}
}

// writeAtomic writes a file whole or not at all, wherever its path leads.
func (a *App) writeAtomic(ctx context.Context, path string, write func(io.Writer) error) error {
	if sqldb.Is(path) {
		return fault.New(fault.Usage, "writing %s: this output is no table", sqldb.Redact(path)).WithHint("name a file")
	}
	return vfs.WriteAtomicFS(ctx, a.files().For(path), path, write)
}

// checkScheme refuses places that nothing can be written to.
func checkScheme(flag, path string) error {
	i := strings.Index(path, "://")
	if i <= 0 || strings.HasPrefix(path, hdfs.Scheme) {
		return nil
	}
	return fault.New(fault.Usage, "%s %s: %s outputs are not in this release", flag, path, path[:i]).WithHint("write a file or to hdfs://, and copy it")
}

// userID is the number of the user, for the usual place of the ticket cache.
func userID() string {
	if u, err := user.Current(); err == nil {
		return u.Uid
	}
	return ""
}

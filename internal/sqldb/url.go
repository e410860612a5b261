package sqldb

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Schemes of the URLs that Parse reads.
const (
	MySQLScheme  = "mysql://"
	SQLiteScheme = "sqlite:"
)

// Is reports whether s is a URL of a database.
func Is(s string) bool {
	return hasScheme(s, MySQLScheme) || hasScheme(s, SQLiteScheme)
}

func hasScheme(s, scheme string) bool {
	return len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme)
}

// URL says where a database is, and perhaps which table of it is meant.
type URL struct {
	Dialect  Dialect
	User     string        // MySQL; "" takes the system's user
	Password config.Secret // MySQL; not set: MYSQL_PWD
	Host     string        // MySQL
	Port     int           // MySQL; 3306 by default
	Socket   string        // MySQL: path of a Unix socket, instead of Host and Port
	TLS      string        // MySQL: "", "true", "skip-verify", "preferred", "false"
	Database string        // MySQL
	File     string        // SQLite
	Table    string        // of ?table=
	// Params are the parameters that the caller of Parse allowed.
	Params url.Values
}

// Parse reads a URL. Parameters are table, for MySQL also password, socket and tls, and those
// that the caller names in extra. Characters that have a meaning in URLs are written %XX. A
// password is the secret itself, ${NAME}, or file:PATH.
func Parse(raw string, extra ...string) (*URL, error) {
	switch {
	case hasScheme(raw, MySQLScheme):
		return parseMySQL(raw, extra)
	case hasScheme(raw, SQLiteScheme):
		return parseSQLite(raw, extra)
	}
	return nil, fault.New(fault.Usage, "%s: not the URL of a database", Redact(raw)).
		WithHint("write mysql://user@host:3306/database or sqlite:file.db")
}

// Redact returns s without secrets.
func Redact(s string) string { return config.Redact(s) }

func parseSQLite(raw string, extra []string) (*URL, error) {
	u := &URL{Dialect: SQLite}
	rest, err := u.params(raw, raw[len(SQLiteScheme):], extra)
	if err != nil {
		return nil, err
	}
	// sqlite:///abs.db and sqlite://abs.db are what other tools write
	if path, ok := strings.CutPrefix(rest, "//"); ok {
		rest = path
	}
	if u.File, err = url.PathUnescape(rest); err != nil {
		return nil, u.bad(raw, "the path holds a %% that begins no %%XX")
	}
	switch {
	case u.File == "":
		return nil, u.bad(raw, "no file is named")
	case u.File == ":memory:":
		return nil, u.bad(raw, "a database in memory ends with the command")
	case strings.ContainsRune(u.File, 0):
		return nil, u.bad(raw, "the path holds a NUL")
	}
	u.File = filepath.Clean(u.File)
	return u, nil
}

func parseMySQL(raw string, extra []string) (*URL, error) {
	u := &URL{Dialect: MySQL, Port: 3306}
	rest, err := u.params(raw, raw[len(MySQLScheme):], append([]string{"password", "socket", "tls"}, extra...))
	if err != nil {
		return nil, err
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, pass, has := strings.Cut(rest[:at], ":")
		if u.User, err = url.PathUnescape(user); err != nil {
			return nil, u.bad(raw, "the user holds a %% that begins no %%XX")
		}
		if has {
			if pass, err = url.PathUnescape(pass); err != nil {
				return nil, u.bad(raw, "the password holds a %% that begins no %%XX")
			}
			u.Password = config.NewSecret(pass, "")
		}
		rest = rest[at+1:]
	}
	host, db, _ := strings.Cut(rest, "/")
	if u.Database, err = url.PathUnescape(db); err != nil || u.Database == "" || strings.Contains(db, "/") {
		return nil, u.bad(raw, "no database is named")
	}
	if err := u.address(raw, host); err != nil {
		return nil, err
	}
	if p := u.take("password"); p != "" {
		u.Password = config.NewSecret(p, "")
	}
	u.Socket = u.take("socket")
	u.TLS = u.take("tls")
	if !slices.Contains([]string{"", "true", "false", "skip-verify", "preferred"}, u.TLS) {
		return nil, u.bad(raw, "tls=%s is not true, false, preferred or skip-verify", u.TLS)
	}
	return u, nil
}

// address reads host and port.
func (u *URL) address(raw, s string) error {
	u.Host = s
	if strings.Contains(s, ":") {
		host, port, err := net.SplitHostPort(s)
		n, bad := strconv.Atoi(port)
		if err != nil || bad != nil || n < 1 || n > 65535 {
			return u.bad(raw, "%s is not host:port", s)
		}
		u.Host, u.Port = host, n
	}
	if u.Host == "" {
		u.Host = "127.0.0.1"
	}
	return nil
}

// params cuts the query off and reads it.
func (u *URL) params(raw, s string, allowed []string) (rest string, err error) {
	rest, q, _ := strings.Cut(s, "?")
	if u.Params, err = url.ParseQuery(q); err != nil {
		return "", u.bad(raw, "the part after ? cannot be read")
	}
	u.Table = u.take("table")
	for name, values := range u.Params {
		if !slices.Contains(allowed, name) {
			known := append([]string{"table"}, allowed...)
			return "", fault.New(fault.Usage, "%s: unknown parameter %q", Redact(raw), name).WithHint("parameters are %s", strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return "", u.bad(raw, "%s is given %d times", name, len(values))
		}
	}
	return rest, nil
}

// take returns a parameter and removes it from the rest.
func (u *URL) take(name string) string {
	v := u.Params.Get(name)
	u.Params.Del(name)
	return v
}

func (u *URL) bad(raw, format string, args ...any) error {
	how := "write mysql://user@host:3306/database?table=orders; the password in MYSQL_PWD, as ${NAME}, or as ?password=file:PATH"
	if u.Dialect == SQLite {
		how = "write sqlite:file.db?table=orders"
	}
	return fault.New(fault.Usage, "%s: "+format, append([]any{Redact(raw)}, args...)...).WithHint("%s", how)
}

// Address is where the server listens, or the file.
func (u *URL) Address() string {
	switch {
	case u.Dialect == SQLite:
		return u.File
	case u.Socket != "":
		return u.Socket
	}
	return net.JoinHostPort(u.Host, strconv.Itoa(u.Port))
}

// String is the URL for messages: without password and parameters other than the table.
func (u *URL) String() string {
	s := SQLiteScheme + strings.NewReplacer("%", "%25", "?", "%3F").Replace(u.File)
	if u.Dialect == MySQL {
		s = MySQLScheme
		if u.User != "" {
			s += url.PathEscape(u.User) + "@"
		}
		s += u.Host
		if u.Port != 3306 {
			s = strings.TrimSuffix(s, u.Host) + net.JoinHostPort(u.Host, strconv.Itoa(u.Port))
		}
		s += "/" + url.PathEscape(u.Database)
	}
	if u.Table != "" {
		s += "?table=" + url.QueryEscape(u.Table)
	}
	return s
}

// Same reports whether two URLs name the same database.
func (u *URL) Same(o *URL) bool {
	if u.Dialect != o.Dialect {
		return false
	}
	if u.Dialect == SQLite {
		a, errA := filepath.Abs(u.File)
		b, errB := filepath.Abs(o.File)
		return errA == nil && errB == nil && a == b
	}
	return u.Address() == o.Address() && u.Database == o.Database
}

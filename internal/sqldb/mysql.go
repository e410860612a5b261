package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// strictMode makes a value that does not fit an error, and a query mean one thing.
const strictMode = "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY'"

// maxPacket is what the client sends in one packet; the server's own limit is asked below.
const maxPacket = 16 << 20

func (db *DB) openMySQL(ctx context.Context) error {
	cfg, err := db.mysqlConfig()
	if err != nil {
		return err
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return fault.New(fault.Usage, "%s: %w", db.URL, err)
	}
	if db.opts.ReadOnly {
		connector = readOnly{connector}
	}
	db.DB = sql.OpenDB(connector)
	// servers close what idles for long; a connection given up in time is never found dead
	db.SetConnMaxIdleTime(2 * time.Minute)
	if err := db.greet(ctx, "SELECT VERSION()"); err != nil {
		return err
	}
	if err := checkVersion(db.URL, db.Version); err != nil {
		return err
	}
	var on sql.NullBool
	if err := db.QueryRowContext(ctx, "SELECT @@local_infile").Scan(&on); err != nil {
		return db.Explain(err, "asking for local_infile")
	}
	db.LocalInfile = on.Bool
	return nil
}

// mysqlConfig turns URL and options into the driver's configuration.
func (db *DB) mysqlConfig() (*mysql.Config, error) {
	u, o := db.URL, db.opts
	cfg := mysql.NewConfig()
	cfg.User = u.User
	if cfg.User == "" {
		cfg.User = o.Getenv("USER")
	}
	if u.Password.Set() {
		pass, err := u.Password.Reveal(o.Getenv)
		if err != nil {
			return nil, fault.Wrap(err, "the password of %s", u)
		}
		cfg.Passwd = pass
	} else {
		cfg.Passwd = o.Getenv("MYSQL_PWD")
	}
	cfg.Net, cfg.Addr = "tcp", u.Address()
	if u.Socket != "" {
		cfg.Net = "unix"
	}
	cfg.DBName, cfg.TLSConfig = u.Database, u.TLS
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = o.DialTimeout, o.ReadTimeout, o.WriteTimeout
	cfg.DialFunc = o.Dial
	cfg.Loc, cfg.ParseTime = time.UTC, o.ParseTime
	cfg.Collation = "utf8mb4_bin"
	cfg.MaxAllowedPacket = maxPacket
	cfg.Logger = &mysql.NopLogger{} // errors are told once, by whom they reach
	cfg.Params = map[string]string{
		"sql_mode":                 strictMode,
		"time_zone":                "'+00:00'",
		"innodb_lock_wait_timeout": strconv.Itoa(max(1, int(o.LockTimeout/time.Second))),
	}
	return cfg, nil
}

// readOnly makes every session of a connector read only. The system variable for it has different
// names on MySQL and MariaDB; the statement is the same.
type readOnly struct{ driver.Connector }

func (r readOnly) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := r.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if x, ok := c.(driver.ExecerContext); ok {
		_, err = x.ExecContext(ctx, "SET SESSION TRANSACTION READ ONLY", nil)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

var versionNumber = regexp.MustCompile(`^(?:5\.5\.5-)?(\d+)\.(\d+)`)

// checkVersion refuses servers without window functions and common table expressions.
func checkVersion(u *URL, version string) error {
	m := versionNumber.FindStringSubmatch(version)
	name, major, minor := "MySQL", 8, 0
	if strings.Contains(strings.ToLower(version), "mariadb") {
		name, major, minor = "MariaDB", 10, 5
	}
	if m == nil {
		return nil // a fork that counts otherwise: its statements will tell
	}
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[2])
	if a > major || a == major && b >= minor {
		return nil
	}
	return fault.New(fault.Unavailable, "%s: the server is %s %s, too old", u, name, version).
		WithHint("%s is needed", fmt.Sprintf("%s %d.%d or later", name, major, minor))
}

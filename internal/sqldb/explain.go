package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// silent is a server that takes the connection and then says nothing in time.
type silent struct {
	after time.Duration
	err   error
}

func (s *silent) Error() string { return fmt.Sprintf("no answer within %s", s.after) }
func (s *silent) Unwrap() error { return s.err }

// verdict is what an error means to a user.
type verdict struct {
	kind    fault.Kind
	hint    string
	passing bool // it may be gone in a while
}

// Explain makes a driver's error a fault that says what was being done, on which database, and what
// to try. A nil error stays nil, and an explained one as it is.
func (db *DB) Explain(err error, doing string) error {
	var f *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case errors.Is(err, context.Canceled):
		return fault.Wrap(err, "%s: %s", db.URL, doing)
	}
	v := judge(err)
	hint := v.hint
	for _, p := range [][2]string{{"{addr}", db.URL.Address()}, {"{user}", db.URL.User}, {"{db}", db.URL.Database}} {
		hint = strings.ReplaceAll(hint, p[0], p[1])
	}
	return &fault.Error{Kind: v.kind, Msg: fmt.Sprintf("%s: %s", db.URL, doing), Hint: hint, Err: err}
}

// Passing reports whether an error may be gone when the same is tried again.
func Passing(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	return judge(err).passing
}

// IsNoTable reports whether a table does not exist.
func IsNoTable(err error) bool {
	var m *mysql.MySQLError
	if errors.As(err, &m) {
		return m.Number == 1146
	}
	var s *sqlite.Error
	return errors.As(err, &s) && strings.Contains(s.Error(), "no such table")
}

// IsNoLocalInfile reports whether the server or its client refuses LOAD DATA LOCAL.
func IsNoLocalInfile(err error) bool {
	var m *mysql.MySQLError
	return errors.As(err, &m) && (m.Number == 1148 || m.Number == 3948 || m.Number == 4166)
}

func judge(err error) verdict {
	var m *mysql.MySQLError
	var s *sqlite.Error
	var quiet *silent
	switch {
	case errors.As(err, &m):
		return judgeMySQL(m)
	case errors.As(err, &s):
		return judgeSQLite(s)
	case errors.As(err, &quiet):
		return verdict{fault.Unavailable, "check that {addr} is a MySQL or MariaDB server: something else may listen there", false}
	}
	return judgeNet(err)
}

// numbers are the server's errors that users meet. Numbers from the manual's list of server errors;
// MariaDB shares them below 1900.
var numbers = map[uint16]verdict{
	1044: {fault.Auth, "the account has no rights on the database: GRANT ALL ON `{db}`.* TO the account, or SELECT for reading", false},
	1045: {fault.Auth, "check user and password: the password is taken from the URL, or from MYSQL_PWD", false},
	1698: {fault.Auth, "the account is known by the operating system's user only: make one with a password", false},
	1129: {fault.Auth, "the server blocked this host after many errors: FLUSH HOSTS on the server", false},
	1130: {fault.Auth, "the server takes no connections from this host: make an account for it", false},
	1142: {fault.Auth, "the account lacks a right: GRANT it, or take another account", false},
	1143: {fault.Auth, "the account lacks a right on a column: GRANT it, or take another account", false},
	1227: {fault.Auth, "the account lacks a right of administration: take another account", false},
	1251: {fault.Auth, "the account's way of logging in is too old: set its password anew", false},
	1290: {fault.Auth, "the server runs with an option that forbids it (read_only?): take the primary server", false},
	1370: {fault.Auth, "the account lacks a right on a routine: GRANT it", false},
	1792: {fault.Auth, "the session only reads", false},
	1836: {fault.Auth, "the server only reads: take the primary server", false},

	1049: {fault.NotFound, "make it with CREATE DATABASE, or correct the name in the URL", false},
	1146: {fault.NotFound, "correct ?table=, or make the tables with `ecomctl db init`", false},
	1054: {fault.Input, "the table has other columns than expected: look at it with `ecomctl inspect`", false},

	1205: {fault.Locked, "another client holds the rows: try again when it has finished, SHOW PROCESSLIST names it", true},
	1213: {fault.Locked, "another client works on the same rows: try again", true},
	1040: {fault.Unavailable, "the server has no connection free: raise max_connections, or end other clients", true},
	1203: {fault.Unavailable, "the account has too many connections: end other clients", true},
	1226: {fault.Unavailable, "the account has used up its quota: raise it, or wait an hour", false},
	1053: {fault.Unavailable, "the server is stopping: start it again", true},
	1927: {fault.Unavailable, "somebody killed the connection on the server", true},
	1317: {fault.Unavailable, "somebody killed the statement on the server", false},
	1969: {fault.Unavailable, "the server's limit of time for a statement was met: raise max_statement_time", false},
	3024: {fault.Unavailable, "the server's limit of time for a statement was met: raise max_execution_time", false},

	1021: {fault.Full, "make room on the server's disk", false},
	1114: {fault.Full, "make room on the server's disk, or raise the limit of its table space", false},
	1041: {fault.Full, "the server is out of memory", false},
	1038: {fault.Full, "the server is out of memory to sort: raise sort_buffer_size", false},
	1153: {fault.Full, "a row is larger than the server's max_allowed_packet: raise it", false},

	1148: {fault.Usage, "the server has local_infile off; rows are inserted by statements instead", false},
	3948: {fault.Usage, "the server has local_infile off; rows are inserted by statements instead", false},
	4166: {fault.Usage, "the server has local_infile off; rows are inserted by statements instead", false},

	1062: {fault.Data, "a row with the same key is there already", false},
	1048: {fault.Data, "the column takes no null", false},
	1264: {fault.Data, "the value does not fit the column's type", false},
	1265: {fault.Data, "the value does not fit the column's type", false},
	1292: {fault.Data, "the value does not fit the column's type", false},
	1366: {fault.Data, "the value does not fit the column's type", false},
	1406: {fault.Data, "the text is longer than the column takes", false},
	1451: {fault.Data, "other tables refer to the row", false},
	1452: {fault.Data, "the row refers to one that is not there", false},
	1690: {fault.Data, "a sum is larger than the column's type takes", false},
}

func judgeMySQL(m *mysql.MySQLError) verdict {
	if v, ok := numbers[m.Number]; ok {
		return v
	}
	// the operating system's number stands in the text: "Got error 28 "No space left on device""
	if strings.Contains(m.Message, "No space left") || strings.Contains(m.Message, "Errcode: 28") || strings.Contains(m.Message, "error 28 ") || strings.Contains(m.Message, "Disk full") {
		return verdict{fault.Full, "make room on the server's disk", false}
	}
	return verdict{kind: fault.Internal}
}

// primary result codes of SQLite, the low byte of the extended ones.
const (
	sqlitePerm     = 3
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteNoMem    = 7
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteTooBig   = 18
	sqliteConstr   = 19
	sqliteMismatch = 20
	sqliteAuth     = 23
	sqliteNotADB   = 26
)

func judgeSQLite(s *sqlite.Error) verdict {
	switch s.Code() & 0xff {
	case sqliteBusy, sqliteLocked:
		return verdict{fault.Locked, "another program writes to the file: try again when it has finished", true}
	case sqliteFull:
		return verdict{fault.Full, "make room on the disk of the database", false}
	case sqliteReadOnly, sqlitePerm, sqliteAuth:
		return verdict{fault.Auth, "check the rights of the file and of its folder: SQLite writes beside the file, too", false}
	case sqliteCantOpen:
		return verdict{fault.Input, "check the path and the rights of the folder: SQLite makes files beside the database", false}
	case sqliteCorrupt, sqliteNotADB:
		return verdict{fault.Input, "the file is damaged: restore a backup with `ecomctl db restore`", false}
	case sqliteIOErr:
		return verdict{fault.Full, "the disk failed or is full", false}
	case sqliteNoMem, sqliteTooBig:
		return verdict{fault.Full, "a value or a result is too large", false}
	case sqliteConstr, sqliteMismatch:
		return verdict{fault.Data, "the row breaks a rule of the table", false}
	}
	switch msg := s.Error(); {
	case strings.Contains(msg, "no such table"):
		return verdict{fault.NotFound, "correct ?table=, or make the tables with `ecomctl db init`", false}
	case strings.Contains(msg, "no such column"):
		return verdict{fault.Input, "the table has other columns than expected: look at it with `ecomctl inspect`", false}
	}
	return verdict{kind: fault.Internal}
}

// judgeNet judges errors of the way to the server.
func judgeNet(err error) verdict {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return verdict{fault.Unavailable, "check the name of the host", dns.IsTemporary}
	case errors.Is(err, syscall.ECONNREFUSED):
		return verdict{fault.Unavailable, "nobody listens at {addr}: check host and port, and that the server runs", true}
	case errors.Is(err, os.ErrNotExist):
		return verdict{fault.Unavailable, "there is no socket {addr}: check the path, and that the server runs", true}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return verdict{fault.Unavailable, "no way leads to {addr}: check the address and the network", true}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return verdict{fault.Unavailable, "the connection to {addr} broke: check that it is a MySQL or MariaDB server and that it runs, and try again", true}
	case errors.Is(err, mysql.ErrNoTLS):
		return verdict{fault.Unavailable, "the server offers no TLS: write tls=preferred, or configure it there", false}
	case errors.Is(err, mysql.ErrMalformPkt), errors.Is(err, mysql.ErrPktSync), errors.Is(err, mysql.ErrPktSyncMul), errors.Is(err, mysql.ErrOldProtocol):
		return verdict{fault.Unavailable, "{addr} does not speak MySQL's protocol: check host and port", false}
	case errors.Is(err, mysql.ErrPktTooLarge):
		return verdict{fault.Full, "a row is larger than the server's max_allowed_packet: raise it", false}
	case errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrNativePassword), errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrUnknownPlugin):
		return verdict{fault.Auth, "the account's way of logging in is not supported: use a password with mysql_native_password or caching_sha2_password", false}
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return verdict{fault.Unavailable, "{addr} does not answer in time: check host, port and firewall", false}
	}
	return verdict{kind: fault.Internal}
}

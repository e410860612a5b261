// Package sqldb connects to SQL databases: MySQL and MariaDB by go-sql-driver, SQLite by
// modernc.org/sqlite. It is the one owner of both drivers.
//
//	mysql://user@host:3306/db?table=orders      sqlite:shop.db?table=orders
//	             │                                      │
//	             └──────────── Parse ───▶ URL ──────────┘
//	                                       │ Open: deadlines, strict session, retries, version check
//	                                       ▼
//	                                      DB {*sql.DB, Dialect} ──▶ Explain: every driver error
//	                                                                becomes a fault with a hint
//
// What the servers do silently is switched off: a session is strict (a value that does not fit
// is an error, not 0), its clock is UTC, its text utf8mb4. LOAD DATA LOCAL stays lenient whatever
// the mode, so LoadLocal reads the warnings on the same connection and fails on the first.
package sqldb

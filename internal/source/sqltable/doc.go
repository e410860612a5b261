// Package sqltable reads a table of MySQL, MariaDB or SQLite as a dataset.
//
//	URL ─▶ columns (the server's types) ─▶ key ranges ─▶ splits, each on its own connection
//	                                                      │ SELECT wanted columns … WHERE key BETWEEN … ORDER BY key
//	                                                      ▼
//	                                       rows of the driver ─▶ frame.Batch
//
// All connections see one state of the table: on MySQL they begin their transactions with
// consistent snapshots while a short read lock keeps writers out, on SQLite they begin when nothing is
// committed in between. Where the server cannot do that one connection reads everything. A range that
// fails before its first row is read again on another connection of the same snapshot; one that fails
// later ends in an error, for nothing may be given twice.
//
// Select leaves rows out on the server, by a condition that is never narrower than the one that is meant, for a server
// compares texts, decimals and dates by rules of its own.
//
// The order of rows is that of the key, so answers do not depend on the number of connections.
package sqltable

// Package sqltable writes batches to a table of MySQL, MariaDB or SQLite, whole or not at all.
//
//	replace   rows ─▶ staging table ─▶ one statement swaps it with the table
//	append    rows ─▶ the table, in one transaction
//	upsert    rows ─▶ temporary table ─▶ UPDATE of the keys that are there, INSERT of the others, in one transaction
//
// A writer that is killed, or cut off from its server, leaves the table as it was; a staging table that is
// left over is dropped by the next writer. One writer works on a table at a time. Types are exact: decimals stay
// decimals, and a value that a column cannot hold as it is ends the writing with an error that names it.
package sqltable

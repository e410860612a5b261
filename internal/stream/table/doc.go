// Package table writes the windows of a stream to a table of MySQL, MariaDB or SQLite, exactly once.
//
//	Put … Put ──▶ rows that wait ──Commit(id)──▶ one transaction {rows by key, id of the checkpoint}
//
// The id of the last checkpoint stands in the database, in the table ecomctl_stream, and moves in the transaction that
// brings its rows. A checkpoint is prepared on disk before and made valid after it, so that after a crash the id says
// whether the prepared one holds. The job's name stands beside the id: a run that another one has
// taken the table from is stopped at its next commit.
package table

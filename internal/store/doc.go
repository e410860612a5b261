// Package store keeps a shop's orders in a database: SQLite without a server, or MySQL.
//
//	input ─digest─▶ known and whole? ─yes─▶ nothing to do
//	   │                  │no
//	   │                  ▼
//	   └─clean─▶ chunks of rows, each with its position in one transaction ─▶ line_store, rejects
//	                      │ all rows are in
//	                      ▼
//	          one transaction: the import goes live, what it replaces goes, aggregates follow
//
// Whoever reads order_lines or the aggregates sees an input whole or not at all. A process that is
// killed at any moment leaves committed chunks; the next import of the same input goes on behind
// them.
package store

// Package live shows the windows of a running stream on a page of the service: what `ecomctl stream` writes to a file
// of NDJSON or to a table is read anew with each look, and the browser looks every few seconds.
//
//	stream ──▶ windows.ndjson | table ──Read──▶ Board{windows, last revisions} ──Views──▶ GET /live
package live

// Package receiver takes events over HTTP: POST /events with one JSON object, an array of them, or one a line, packed
// or not. An answer of 200 says that all of them are on the disk, in the inbox from which collect delivers
// them as it delivers the lines of files.
//
// Bodies are bounded in size and time, and together in memory. Errors are problems of RFC 9457. Host
// names, keys, rates and connections are guarded by internal/serve.
package receiver

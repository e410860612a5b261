package hdfs

import (
	"context"
	"io"
	"strings"

	"github.com/colinmarc/hdfs/v2"
)

// Put writes a new file of size bytes, or one that replaces an unfinished one of that name, and
// returns when the data nodes hold just these bytes: by the file's checksum, else by reading it
// back. Each try reads from with a reader of its own.
func (f *FS) Put(ctx context.Context, p string, from io.ReaderAt, size int64) error {
	w := &writer{fs: f, ctx: ctx, path: p, perm: 0o644, from: from, size: size}
	return w.deliver(true)
}

// attribute holds what is remembered beside a file; it moves with the file.
const attribute = "user.ecomctl.sync"

// Remember attaches a note to a file. Clusters without attributes remember nothing.
func (f *FS) Remember(ctx context.Context, p, note string) error {
	return f.at(ctx, "marking", p, func(c *hdfs.Client, name string) error {
		return unlessOff(c.SetXAttr(name, attribute, note))
	})
}

// Remembered returns the note of a file, or "".
func (f *FS) Remembered(ctx context.Context, p string) (note string, err error) {
	err = f.at(ctx, "reading the marks of", p, func(c *hdfs.Client, name string) error {
		marks, err := c.ListXAttrs(name)
		note = marks[attribute]
		return unlessOff(err)
	})
	return note, err
}

// unlessOff drops the error of a cluster whose attributes are turned off.
func unlessOff(err error) error {
	if remote, ok := remoteOf(err); ok && strings.Contains(remote.Message(), "XAttrs has been disabled") {
		return nil
	}
	return err
}

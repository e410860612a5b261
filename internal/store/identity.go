package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// content is what identifies an input: its bytes.
type content struct {
	digest string
	bytes  int64
	info   vfs.Info // of a file; where it has a path
	file   bool
}

// stdin is the name of standard input; what comes from there replaces nothing.
const stdin = "standard input"

// isFile reports whether an input is a file that can be read twice.
func isFile(uri string) bool { return uri != stdin && !sqldb.Is(uri) }

// contentOf reads a file and digests it.
func contentOf(ctx context.Context, fsys vfs.FS, uri string) (c content, err error) {
	f, err := fsys.Open(ctx, uri)
	if err != nil {
		return c, err
	}
	defer func() { _ = f.Close() }() // it was read only
	if c.info, err = f.Stat(ctx); err != nil {
		return c, vfs.Classify(err, "reading "+uri)
	}
	h := sha256.New()
	if c.bytes, err = copyAll(ctx, h, io.NewSectionReader(f, 0, c.info.Size)); err != nil {
		return c, vfs.Classify(err, "reading "+uri)
	}
	c.digest, c.file = hex.EncodeToString(h.Sum(nil)), true
	return c, nil
}

// copyAll copies in pieces, so that an interrupt ends it.
func copyAll(ctx context.Context, h hash.Hash, r io.Reader) (n int64, err error) {
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		k, err := r.Read(buf)
		h.Write(buf[:k])
		n += int64(k)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// unchanged fails when a file is no longer the one that was digested.
func (c *content) unchanged(ctx context.Context, fsys vfs.FS, uri string) error {
	if !c.file {
		return nil
	}
	now, err := fsys.Stat(ctx, uri)
	if err != nil {
		return err
	}
	if now.Size != c.info.Size || !now.ModTime.Equal(c.info.ModTime) {
		return fault.New(fault.Input, "%s changed while it was imported", uri).WithHint("import it again when nobody writes to it; nothing of it is visible yet")
	}
	return nil
}

// digestOf makes the digest that a reader tells one of ours: the SHA-256 of all bytes is the same.
func digestOf(in source.Input) string {
	if hexa, ok := strings.CutPrefix(in.Digest, "sha256:"); ok && in.DigestKind == "whole" && len(hexa) == 64 {
		return hexa
	}
	return digestText(in.Digest)
}

func digestText(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// settingsDigest covers all that decides what becomes of a row beside its file: mapping, rules, zone,
// scope, joined tables, and with dedupe the other files (others are the digests of all).
func settingsDigest(rel *relation.Relation, joined, others []string) string {
	h := sha256.New()
	fmt.Fprintf(h, "zone %s as-of %d dedupe %v\n", rel.Zone, rel.AsOf, rel.Dedupe)
	for i, c := range rel.Columns[:rel.Canonical] {
		fmt.Fprintf(h, "column %d %q %d %q %d %q %v", i, c.Name, c.Type, c.From, c.Join, c.Layout, c.Integer)
		if c.Const != nil {
			fmt.Fprintf(h, " = %q", *c.Const)
		}
		if c.Else != "" {
			fmt.Fprintf(h, " else %q", c.Else)
		}
		fmt.Fprintln(h)
	}
	for _, r := range rel.Rules {
		fmt.Fprintf(h, "rule %q %d %d %q %q", r.Name, r.Kind, r.Test, r.Column, r.Words)
		if r.Name != clean.Future { // its limit moves with every day: see stillFuture
			fmt.Fprintf(h, " %d", r.Limit)
			if r.When != nil {
				fmt.Fprintf(h, " when %s", expr.Format(r.When))
			}
		}
		fmt.Fprintln(h)
	}
	for i, j := range rel.Joins {
		fmt.Fprintf(h, "join %q %q %s", j.Name, j.On, joined[i])
		if j.Present != "" {
			fmt.Fprintf(h, " where %q", j.Present)
		}
		fmt.Fprintln(h)
	}
	if rel.Rates != nil {
		fmt.Fprintf(h, "rates %+v\n", *rel.Rates)
	}
	if rel.Dedupe {
		fmt.Fprintf(h, "with %q\n", others)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Package textio turns a file of any compression and encoding into UTF-8
// text: it recognises both by content and gives a bounded streaming reader.
// It owns the decompressors and the character tables.
package textio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Compression is how the bytes of a file are packed.
type Compression uint8

// The compressions recognised by their first bytes.
const (
	Plain Compression = iota
	Gzip
	Zstd
)

// String returns the name as messages show it.
func (c Compression) String() string { return [...]string{"", "gzip", "zstd"}[c] }

// Encoding is how characters are written as bytes.
type Encoding uint8

// The encodings that Recognise tells apart. Windows1252 holds Latin-1.
const (
	UTF8 Encoding = iota
	UTF16LE
	UTF16BE
	GB18030
	Windows1252
)

var encodingNames = [...]string{"UTF-8", "UTF-16LE", "UTF-16BE", "GB18030", "Windows-1252 (Latin-1)"}

// String returns the name as messages show it.
func (e Encoding) String() string { return encodingNames[e] }

// ParseEncoding reads the name of an encoding as users write it.
func ParseEncoding(name string) (Encoding, error) {
	switch string(bytes.ToLower(bytes.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, []byte(name)))) {
	case "utf8", "ascii", "usascii":
		return UTF8, nil
	case "utf16", "utf16le", "unicode":
		return UTF16LE, nil
	case "utf16be":
		return UTF16BE, nil
	case "gb18030", "gbk", "gb2312", "cp936":
		return GB18030, nil
	case "latin1", "iso88591", "windows1252", "cp1252":
		return Windows1252, nil
	}
	return 0, fault.New(fault.Usage, "reading the encoding %q: unknown", name).WithHint("one of utf-8, utf-16le, utf-16be, gb18030, latin-1")
}

// table returns the character table, or nil for UTF-8.
func (e Encoding) table() encoding.Encoding {
	switch e {
	case UTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case UTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case GB18030:
		return simplifiedchinese.GB18030
	case Windows1252:
		return charmap.Windows1252
	}
	return nil
}

// Packed recognises a compression by the first bytes of a file.
func Packed(head []byte) Compression {
	switch {
	case len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8:
		return Gzip
	case len(head) >= 4 && head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd:
		return Zstd
	case len(head) >= 4 && head[0]&0xf0 == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18:
		return Zstd // a skippable frame comes first
	}
	return Plain
}

// zstdWindow bounds what a zstd frame may ask to remember; it is the largest
// window that the zstd command itself accepts without --long.
const zstdWindow = 128 << 20

// Unpack returns a streaming reader of the unpacked bytes of r. Its memory is
// bounded whatever the file claims; damage gives a fault.Input error that names
// the file. Close releases it and leaves r open.
func Unpack(name string, r io.Reader, c Compression) (io.ReadCloser, error) {
	switch c {
	case Gzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, damaged(name, c, err)
		}
		return &unpacker{r: z, close: z.Close, name: name, c: c}, nil
	case Zstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, damaged(name, c, err)
		}
		return &unpacker{r: z, close: func() error { z.Close(); return nil }, name: name, c: c}, nil
	}
	return io.NopCloser(r), nil
}

func damaged(name string, c Compression, err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err // the disk's error, or an interrupt
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault.New(fault.Input, "reading %s: the %s data ends too early", name, c).WithHint("the file was cut; copy or download it again")
	}
	return fault.New(fault.Input, "reading %s: damaged %s data: %w", name, c, err).WithHint("copy or download the file again; test it with %s -t", c)
}

type unpacker struct {
	r     io.Reader
	close func() error
	name  string
	c     Compression
}

// Read implements io.Reader.
func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil && err != io.EOF {
		err = damaged(u.name, u.c, err)
	}
	return n, err
}

// Close implements io.Closer.
func (u *unpacker) Close() error { return u.close() }

// Decode returns a reader of r's characters as UTF-8. Bytes that mean nothing
// in the encoding become U+FFFD.
func Decode(r io.Reader, e Encoding) io.Reader {
	if t := e.table(); t != nil {
		return t.NewDecoder().Reader(r)
	}
	return r
}

// Invalid1252 maps bytes that are not UTF-8 to the characters they have in
// Windows-1252, so that different bytes stay different text. The result is
// appended to dst.
func Invalid1252(dst, src []byte) []byte {
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(src[0])
			if r == utf8.RuneError {
				r = rune(src[0])
			}
		}
		dst = utf8.AppendRune(dst, r)
		src = src[n:]
	}
	return dst
}

// BOM returns the length of the byte order mark at the start of head and the
// encoding it states; 0 when there is none.
func BOM(head []byte) (int, Encoding) {
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		return 3, UTF8
	case bytes.HasPrefix(head, []byte{0x84, 0x31, 0x95, 0x33}):
		return 4, GB18030
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return 2, UTF16LE
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return 2, UTF16BE
	}
	return 0, UTF8
}

// Recognise names the encoding of text from samples of it. sure is false when only
// likelihood decided (GB18030 against Windows-1252), which the user is told.
func Recognise(samples ...[]byte) (e Encoding, sure bool) {
	if len(samples) > 0 {
		if n, e := BOM(samples[0]); n > 0 {
			return e, true
		}
		if e, ok := utf16ByZeros(samples[0]); ok {
			return e, true
		}
	}
	ascii, valid := true, true
	for i, s := range samples {
		if i > 0 {
			s = trimStart(s)
		}
		s = trimEnd(s)
		for _, b := range s {
			if b >= 0x80 {
				ascii = false
				break
			}
		}
		valid = valid && utf8.Valid(s)
	}
	switch {
	case ascii, valid:
		return UTF8, true
	case looksGB(samples):
		return GB18030, false
	}
	return Windows1252, false
}

// trimStart drops the rest of a character that a sample from the middle of a file begins in.
func trimStart(s []byte) []byte {
	for i := 0; i < 3 && len(s) > 0 && s[0]&0xc0 == 0x80; i++ {
		s = s[1:]
	}
	return s
}

// trimEnd drops a character that the end of a sample cuts.
func trimEnd(s []byte) []byte {
	for i := 1; i <= 3 && i <= len(s); i++ {
		if b := s[len(s)-i]; b >= 0xc0 {
			if !utf8.FullRune(s[len(s)-i:]) {
				return s[:len(s)-i]
			}
			return s
		} else if b < 0x80 {
			return s
		}
	}
	return s
}

// utf16ByZeros recognises UTF-16 without a mark: Latin text, digits and
// delimiters have a zero in every other byte.
func utf16ByZeros(s []byte) (Encoding, bool) {
	s = s[:min(len(s), 4096)&^1]
	if len(s) < 4 {
		return 0, false
	}
	var zeros [2]int
	for i, b := range s {
		if b == 0 {
			zeros[i&1]++
		}
	}
	half := len(s) / 2
	switch {
	case zeros[1]*10 >= half*3 && zeros[0]*20 <= half:
		return UTF16LE, true
	case zeros[0]*10 >= half*3 && zeros[1]*20 <= half:
		return UTF16BE, true
	}
	return 0, false
}

// looksGB reports whether the non-ASCII bytes form GB18030 sequences, most of
// them in the rows of everyday characters. In Windows-1252 text accented letters
// stand alone between ASCII letters and rarely form such pairs.
func looksGB(samples [][]byte) bool {
	pairs, common := 0, 0
	for n, s := range samples {
		for i := 0; i < len(s); {
			b := s[i]
			if b < 0x80 {
				i++
				continue
			}
			if i+1 >= len(s) {
				break
			}
			t := s[i+1]
			switch {
			case b == 0x80 || b == 0xff:
				return false
			case t >= 0x30 && t <= 0x39: // four bytes
				if i+3 >= len(s) {
					i = len(s)
					continue
				}
				if s[i+2] < 0x81 || s[i+3] < 0x30 || s[i+3] > 0x39 {
					return false
				}
				i += 4
				pairs++
			case t >= 0x40 && t != 0x7f && t != 0xff:
				pairs++
				if t >= 0xa1 && (b >= 0xb0 && b <= 0xf7 || b >= 0xa1 && b <= 0xa9) {
					common++
				}
				i += 2
			default:
				if n > 0 && i == 0 {
					i++ // the sample begins in the middle of a character
					continue
				}
				return false
			}
		}
	}
	return pairs > 0 && common*10 >= pairs*7
}

// ReaderAtCtx reads r from its start to size, checking ctx between blocks.
func ReaderAtCtx(ctx context.Context, r io.ReaderAt, from, to int64) io.Reader {
	return &sectionCtx{ctx: ctx, r: r, off: from, end: to}
}

type sectionCtx struct {
	ctx      context.Context
	r        io.ReaderAt
	off, end int64
}

// Read implements io.Reader. A file that ends before the stated end was cut
// while being read.
func (s *sectionCtx) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if s.off >= s.end {
		return 0, io.EOF
	}
	if int64(len(p)) > s.end-s.off {
		p = p[:s.end-s.off]
	}
	n, err := s.r.ReadAt(p, s.off)
	s.off += int64(n)
	if n == len(p) && n > 0 {
		return n, nil
	}
	if err == io.EOF {
		err = ErrShrunk
	}
	return n, err
}

// ErrShrunk says that a file became shorter while it was read.
var ErrShrunk error = fault.New(fault.Input, "the file became shorter while it was read").WithHint("something else is writing it: copy it first, or wait until it is complete")

package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// ratio is the most a codec can expand, per byte of input; 0 where the format
// sets no useful limit. Snappy: a 3-byte copy gives 64 bytes. LZ4: a length byte
// gives 255. Deflate: 1032 by its own description.
var ratio = [...]int64{codecNone: 1, codecSnappy: 22, codecGzip: 1032, codecLZ4: 255, codecLZ4Raw: 255, codecZstd: 0, codecBrotli: 0}

// decompressor holds what decompression of one column reuses.
type decompressor struct {
	gz *gzip.Reader
}

// plausible checks a declared size before memory is given to it.
func plausible(codec int8, compressed, declared, chunk int64) error {
	limit := max(chunk, compressed*64) + 64<<10
	if r := ratio[codec]; r > 0 {
		limit = compressed*r + 64
	}
	if declared > limit {
		return fmt.Errorf("the page declares %d bytes uncompressed, %d bytes of %s cannot hold more than %d",
			declared, compressed, codecName(codec), limit)
	}
	return nil
}

// decode expands src to exactly n bytes, into dst's memory where it suffices.
func (d *decompressor) decode(mem *budget, codec int8, dst, src []byte, n int) ([]byte, error) {
	if n == 0 {
		return dst[:0], nil // writers store empty sections in ways decoders refuse
	}
	if codec == codecSnappy {
		// Checked first, so that a wrong header costs no memory.
		if got, err := s2.DecodedLen(src); err != nil || got != n {
			return dst, sizeError(got, n, err)
		}
	}
	dst, err := grow(mem, dst, n)
	if err != nil {
		return dst, err
	}
	var got int
	switch codec {
	case codecSnappy:
		var out []byte
		out, err = s2.Decode(dst, src)
		got = len(out)
	case codecGzip:
		got, err = d.gunzip(dst, src)
	case codecZstd:
		var out []byte
		out, err = zstdDecoder().DecodeAll(src, dst[:0:n])
		got = len(out)
	case codecBrotli:
		got, err = unbrotli(dst, src)
	case codecLZ4Raw:
		got, err = lz4Block(dst, src)
	case codecLZ4:
		got, err = lz4Hadoop(dst, src)
	default:
		return dst, errors.New("the codec " + codecName(codec) + " is not supported")
	}
	if err != nil || got != n {
		return dst, sizeError(got, n, err)
	}
	return dst, nil
}

func sizeError(got, want int, err error) error {
	if err != nil {
		return fmt.Errorf("decompressing: %w", err)
	}
	return fmt.Errorf("decompressing gives %d bytes where %d are declared", got, want)
}

func (d *decompressor) gunzip(dst, src []byte) (int, error) {
	var err error
	if d.gz == nil {
		d.gz, err = gzip.NewReader(bytes.NewReader(src))
	} else {
		err = d.gz.Reset(bytes.NewReader(src))
	}
	if err != nil {
		d.gz = nil
		return 0, err
	}
	return readExactly(d.gz, dst)
}

// unbrotli uses Arrow's codec; its reader makes nothing larger than the window.
func unbrotli(dst, src []byte) (int, error) {
	codec, err := compress.GetCodec(compress.Codecs.Brotli)
	if err != nil {
		return 0, err
	}
	return readExactly(codec.NewReader(bytes.NewReader(src)), dst)
}

// readExactly fills dst and makes sure that nothing follows.
func readExactly(r io.Reader, dst []byte) (int, error) {
	n, err := io.ReadFull(r, dst)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return n, nil // too short, told by the count
	}
	if err != nil {
		return n, err
	}
	var one [1]byte
	switch m, err := io.ReadFull(r, one[:]); {
	case m > 0:
		return n, errors.New("there is more data than declared")
	case err != io.EOF:
		return n, err
	}
	return n, nil
}

// zstdDecoder is shared: DecodeAll works in the caller's goroutine and never
// writes beyond the capacity it is given.
var zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(1<<31))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
})

// lz4Hadoop expands the framing of Hadoop: blocks of [uncompressed size,
// compressed size, LZ4 block], both big-endian. Files whose writers stored a
// bare block under the same codec number are recognised by the sizes.
func lz4Hadoop(dst, src []byte) (int, error) {
	n, rest := 0, src
	for len(rest) >= 8 {
		u, c := binary.BigEndian.Uint32(rest), binary.BigEndian.Uint32(rest[4:])
		if uint64(c) > uint64(len(rest)-8) || uint64(u) > uint64(len(dst)-n) {
			return lz4Block(dst, src)
		}
		got, err := lz4Block(dst[n:n+int(u)], rest[8:8+c])
		if err != nil || got != int(u) {
			return lz4Block(dst, src)
		}
		n, rest = n+got, rest[8+c:]
	}
	if len(rest) != 0 || n == 0 {
		return lz4Block(dst, src)
	}
	return n, nil
}

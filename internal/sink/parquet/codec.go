package parquet

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/pierrec/lz4/v4"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// lz4Raw is LZ4_RAW of parquet.thrift; Arrow v17 has neither name nor codec for it.
const lz4Raw = compress.Compression(7)

var codecs = map[string]compress.Compression{
	"none":    compress.Codecs.Uncompressed,
	"snappy":  compress.Codecs.Snappy,
	"gzip":    compress.Codecs.Gzip,
	"zstd":    compress.Codecs.Zstd,
	"lz4_raw": lz4Raw,
	"brotli":  compress.Codecs.Brotli,
}

// Codecs lists the names that Options.Codec takes.
func Codecs() []string {
	var names []string
	for n := range codecs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func codecOf(name string) (compress.Compression, error) {
	if name == "" {
		name = "snappy"
	}
	c, ok := codecs[strings.ToLower(name)]
	if !ok {
		return c, fault.New(fault.Usage, "unknown Parquet codec %q", name).WithHint("one of %s", strings.Join(Codecs(), ", "))
	}
	return c, nil
}

// compressor compresses pages of one column into reused memory.
type compressor struct {
	codec compress.Compression
	buf   []byte
	gz    *gzip.Writer
}

// compress returns src compressed; the result is valid until the next call.
func (c *compressor) compress(src []byte) ([]byte, error) {
	switch c.codec {
	case compress.Codecs.Uncompressed:
		return src, nil
	case compress.Codecs.Snappy:
		// Snappy's format from a faster encoder than the one Arrow v17 uses.
		c.room(s2.MaxEncodedLen(len(src)))
		return s2.EncodeSnappy(c.buf[:cap(c.buf)], src), nil
	case compress.Codecs.Gzip:
		return c.gzip(src)
	case lz4Raw:
		c.room(lz4.CompressBlockBound(len(src)))
		var z lz4.Compressor
		n, err := z.CompressBlock(src, c.buf[:cap(c.buf)])
		return c.buf[:n], err
	}
	codec, err := compress.GetCodec(c.codec)
	if err != nil {
		return nil, err
	}
	if len(src) == 0 {
		src = []byte{} // Arrow's bounds assert a length in debug builds only
	}
	c.room(len(src) + len(src)/128 + 1024)
	return codec.Encode(c.buf[:0:cap(c.buf)], src), nil
}

func (c *compressor) room(n int) {
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
}

func (c *compressor) gzip(src []byte) ([]byte, error) {
	out := bytes.NewBuffer(c.buf[:0])
	if c.gz == nil {
		c.gz = gzip.NewWriter(io.Discard)
	}
	c.gz.Reset(out)
	if _, err := c.gz.Write(src); err != nil {
		return nil, err
	}
	if err := c.gz.Close(); err != nil {
		return nil, err
	}
	c.buf = out.Bytes()
	return c.buf, nil
}

package hdfs

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"

	"github.com/colinmarc/hdfs/v2"
)

// HDFS keeps a CRC-32C of every 512 bytes. Its checksum of a file (hadoop fs -checksum) is the
// MD5 over the blocks' MD5s, each over the CRCs of its block, padded with zeros to a power of 2
// of at least 32 bytes. Computed here over what was sent, it tells whether the data nodes hold
// just that, without reading the file again.

const (
	bytesPerSum = 512
	leastPadded = 32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fileSum is the checksum of a file whose blocks are of one size.
type fileSum struct {
	block  int64 // bytes of a block, a multiple of bytesPerSum
	left   int64 // of the present block
	chunk  int   // bytes of the present chunk
	crc    uint32
	sums   hash.Hash // over the present block's CRCs
	blocks []byte    // MD5s of the finished blocks
}

func newFileSum(block int64) *fileSum { return &fileSum{block: block, left: block, sums: md5.New()} }

// Write implements io.Writer; it never fails.
func (s *fileSum) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		take := min(len(p), bytesPerSum-s.chunk)
		s.crc = crc32.Update(s.crc, castagnoli, p[:take])
		s.chunk += take
		s.left -= int64(take)
		p = p[take:]
		if s.chunk == bytesPerSum {
			s.endChunk()
		}
		if s.left == 0 {
			s.endBlock()
		}
	}
	return n, nil
}

func (s *fileSum) endChunk() {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], s.crc)
	s.sums.Write(b[:])
	s.crc, s.chunk = 0, 0
}

func (s *fileSum) endBlock() {
	s.blocks = s.sums.Sum(s.blocks)
	s.sums.Reset()
	s.left = s.block
}

// sum ends the file.
func (s *fileSum) sum() [md5.Size]byte {
	if s.chunk > 0 {
		s.endChunk()
	}
	if s.left < s.block {
		s.endBlock()
	}
	padded := leastPadded
	for padded < len(s.blocks) {
		padded *= 2
	}
	return md5.Sum(append(s.blocks, make([]byte, padded-len(s.blocks))...))
}

// Check asks the data nodes for a file's checksum. When all of a file was written to w, equal
// tells whether it is what they hold; false may also mean that the cluster computes its
// checksums another way, and then only reading tells.
func (f *FS) Check(ctx context.Context, p string) (w io.Writer, equal func() bool, err error) {
	var sum *fileSum
	var want []byte
	err = f.at(ctx, "asking for the checksum of", p, func(c *hdfs.Client, name string) error {
		in, err := c.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }()
		block := int64(blockUnit)
		if st, ok := in.Stat().Sys().(interface{ GetBlocksize() uint64 }); ok && st.GetBlocksize() > 0 {
			block = int64(st.GetBlocksize())
		}
		sum = newFileSum(block)
		want, err = in.Checksum()
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return sum, func() bool { got := sum.sum(); return bytes.Equal(got[:], want) }, nil
}

package parquet

import (
	"bytes"
	"testing"
)

// TestLittleEndian fails on a platform where numbers cannot be copied from
// Parquet as they are; bytesOf would have to swap bytes there.
func TestLittleEndian(t *testing.T) {
	if got := bytesOf([]int64{0x0102030405060708}); !bytes.Equal(got, []byte{8, 7, 6, 5, 4, 3, 2, 1}) {
		t.Errorf("% x", got)
	}
}

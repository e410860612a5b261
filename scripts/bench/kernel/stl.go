//go:build unix

package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/kernel/stl"
)

// seriesDays is the length of the series of decompositions.
const seriesDays = 730

// decompositions splits series by robust STL with season 7: FILE holds seriesDays little-endian doubles each. The
// check is how many remainders lie more than four robust standard deviations off.
func decompositions(args []string) (func() (string, error), error) {
	b, err := os.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	y := make([]float64, len(b)/8)
	for i := range y {
		y[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return func() (string, error) {
		var odd, next atomic.Int64
		var wg sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				var w stl.Workspace
				var p stl.Parts
				for {
					i := int(next.Add(1)) - 1
					if (i+1)*seriesDays > len(y) {
						return
					}
					if err := w.Decompose(y[i*seriesDays:(i+1)*seriesDays], stl.Options{Period: 7, Robust: true}, &p); err != nil {
						panic(err) // the file holds finite numbers
					}
					odd.Add(far(p.Remainder))
				}
			})
		}
		wg.Wait()
		return fmt.Sprint(odd.Load()), nil
	}, nil
}

// far counts the remainders more than four robust standard deviations from their median.
func far(r []float64) (n int64) {
	middle := median(r)
	off := make([]float64, len(r))
	for i, v := range r {
		off[i] = math.Abs(v - middle)
	}
	limit := 4 * 1.4826 * median(off)
	for _, v := range off {
		if v > limit {
			n++
		}
	}
	return n
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

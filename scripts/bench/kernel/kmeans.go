//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"

	"github.com/ecomctl/ecomctl/internal/kernel/kmeans"
)

// kmeansColumns is the number of columns of the file of clusters.
const kmeansColumns = 8

// clusters fits 8 clusters in 3 starts of 20 iterations: FILE holds rows of 8 little-endian doubles. The check is the inertia.
func clusters(args []string) (func() (string, error), error) {
	f, err := os.Open(args[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := kmeans.Points{D: kmeansColumns}
	r, row := bufio.NewReaderSize(f, 1<<20), make([]byte, 8*kmeansColumns)
	for {
		if _, err := io.ReadFull(r, row); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		for j := range kmeansColumns {
			p.X = append(p.X, math.Float64frombits(binary.LittleEndian.Uint64(row[8*j:])))
		}
		p.N++
	}
	return func() (string, error) {
		m, err := kmeans.Fit(context.Background(), p, kmeans.Options{K: 8, Starts: 3, Iterations: 20, Seed: 1, Threads: runtime.GOMAXPROCS(0)})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%.1f", m.Inertia), nil
	}, nil
}

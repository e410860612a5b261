//go:build unix

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"runtime"
	"sort"

	"github.com/ecomctl/ecomctl/internal/kernel/iforest"
)

// oddColumns is the number of columns of the file of odd rows, the label not counted.
const oddColumns = 8

// oddRows fits an isolation forest and scores all rows: FILE holds rows of 8 little-endian doubles and a
// label, 1 = odd. The check is the area under the ROC curve.
func oddRows(args []string) (func() (string, error), error) {
	data, err := os.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	const width = 8 * (oddColumns + 1)
	n := len(data) / width
	columns, label := make([][]float64, oddColumns), make([]bool, n)
	at := func(i, j int) float64 {
		return math.Float64frombits(binary.LittleEndian.Uint64(data[i*width+8*j:]))
	}
	for j := range columns {
		columns[j] = make([]float64, n)
		for i := range n {
			columns[j][i] = at(i, j)
		}
	}
	for i := range n {
		label[i] = at(i, oddColumns) == 1
	}
	var score []float64
	return func() (string, error) {
		f, err := iforest.Fit(columns, iforest.Options{Seed: 1})
		if err != nil {
			return "", err
		}
		if score, err = f.Score(context.Background(), columns, runtime.GOMAXPROCS(0)); err != nil {
			return "", err
		}
		return fmt.Sprintf("%.4f", area(score, label)), nil
	}, nil
}

// area is the area under the ROC curve by ranks, equal scores sharing theirs.
func area(score []float64, label []bool) float64 {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool { return score[order[a]] < score[order[b]] })
	sum, odd := 0.0, 0.0
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && score[order[j]] == score[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			if label[k] {
				sum += float64(i+j+1) / 2
				odd++
			}
		}
		i = j
	}
	return (sum - odd*(odd+1)/2) / (odd * (float64(len(score)) - odd))
}

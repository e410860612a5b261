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

	"github.com/ecomctl/ecomctl/internal/kernel/classify"
	"github.com/ecomctl/ecomctl/internal/kernel/gbt"
)

// Columns of the rows of predict's file, the label last, and the rows kept from the fit.
const (
	predictColumns = 20
	predictHeldOut = 100_000
)

// predict bins a table and fits 100 trees of 31 leaves to it without early stopping: FILE holds rows
// of little-endian doubles, the label last. The check is the AUC of the last 100,000 rows, which
// the fit does not see.
func predict(args []string) (func() (string, error), error) {
	f, err := os.Open(args[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cols := make([]gbt.Column, predictColumns)
	var y []bool
	r, row := bufio.NewReaderSize(f, 1<<20), make([]byte, 8*(predictColumns+1))
	for {
		if _, err := io.ReadFull(r, row); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		v := func(i int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(row[8*i:])) }
		for c := range cols {
			cols[c].Values = append(cols[c].Values, v(c))
		}
		y = append(y, v(predictColumns) > 0)
	}
	rows := make([]int32, len(y))
	for i := range rows {
		rows[i] = int32(i)
	}
	train, test := rows[:len(rows)-predictHeldOut], rows[len(rows)-predictHeldOut:]
	return func() (string, error) { return fitAndJudge(cols, y, train, test) }, nil
}

func fitAndJudge(cols []gbt.Column, y []bool, train, test []int32) (string, error) {
	ctx, threads := context.Background(), runtime.GOMAXPROCS(0)
	bins := make([]*gbt.Bins, len(cols))
	for i := range cols {
		bins[i] = gbt.NewBins(&cols[i], train)
	}
	x, err := gbt.NewMatrix(ctx, cols, bins, len(y), threads)
	if err != nil {
		return "", err
	}
	p := gbt.Defaults()
	p.Trees, p.Patience, p.L2 = 100, 0, 0
	m, err := gbt.Fit(ctx, x, bins, y, train, nil, p, threads)
	if err != nil {
		return "", err
	}
	score, err := m.LogOdds(ctx, x, test, threads)
	if err != nil {
		return "", err
	}
	auc, _ := classify.AUC(score, y[len(train):])
	return fmt.Sprintf("%.4f", auc), nil
}

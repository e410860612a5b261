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

	"github.com/ecomctl/ecomctl/internal/kernel/recommend"
)

// recommendations fits a model and proposes ten items to every user: FILE itemknn|als. The check is the nDCG@10 of the one
// item of each user that was held out of FILE (see purchases in models_data.py).
func recommendations(args []string) (func() (string, error), error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("recommend wants a file and a method")
	}
	m, held, err := readPurchases(args[0])
	if err != nil {
		return nil, err
	}
	ctx, threads := context.Background(), runtime.GOMAXPROCS(0)
	users := make([]uint32, m.Users())
	truth := &recommend.Truth{Off: make([]int64, 1, len(users)+1)}
	for u := range users {
		users[u] = uint32(u)
		if held[u] != math.MaxUint32 {
			truth.Item = append(truth.Item, held[u])
		}
		truth.User, truth.Off = append(truth.User, uint32(u)), append(truth.Off, int64(len(truth.Item)))
	}
	return func() (string, error) {
		var model recommend.Model
		var err error
		rows := m
		switch args[1] {
		case "als":
			model, err = recommend.FitALS(ctx, m, recommend.ALSOptions{Factors: 64, Iterations: 15, Regularization: 10, Alpha: 1, Seed: 1, Threads: threads})
		case "itemknn":
			rows = m.Binary()
			model, err = recommend.FitKNN(ctx, rows, recommend.KNNOptions{Neighbours: 20, Shrink: 10, Threads: threads})
		default:
			err = fmt.Errorf("%s: not itemknn or als", args[1])
		}
		if err != nil {
			return "", err
		}
		lists, err := model.Top(ctx, rows, users, recommend.TopOptions{K: 10, Threads: threads})
		if err != nil {
			return "", err
		}
		sum := 0.0
		for _, v := range recommend.Score(lists, truth, m.Items).NDCG {
			sum += v // 0 for users of whom nothing is held out
		}
		return fmt.Sprintf("%.5f", sum/float64(len(truth.Item))), nil
	}, nil
}

// readPurchases reads users, items and purchases as int64; then the row offsets as int64; then the items as uint32, the
// values as float32 and the held-out item of each user as uint32.
func readPurchases(path string) (*recommend.Matrix, []uint32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	var head [3]int64
	if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
		return nil, nil, err
	}
	m := &recommend.Matrix{Items: int(head[1]), Off: make([]int64, head[0]+1), Item: make([]uint32, head[2]), Value: make([]float32, head[2])}
	held := make([]uint32, head[0])
	for _, part := range []any{m.Off, m.Item, m.Value, held} {
		if err := binary.Read(r, binary.LittleEndian, part); err != nil {
			return nil, nil, err
		}
	}
	if _, err := r.ReadByte(); err != io.EOF {
		return nil, nil, fmt.Errorf("reading %s: it goes on after its end", path)
	}
	return m, held, nil
}

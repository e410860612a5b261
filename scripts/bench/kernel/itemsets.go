//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/ecomctl/ecomctl/internal/kernel/itemset"
)

// itemsets mines a file of integers, one basket a line: FILE MINCOUNT [s|c|m]. The
// check is the number of sets.
func itemsets(args []string) (func() (string, error), error) {
	least, err := number(args, 1)
	if err != nil {
		return nil, err
	}
	target := itemset.Frequent
	if len(args) > 2 {
		target = map[string]itemset.Target{"c": itemset.Closed, "m": itemset.Maximal}[args[2]]
	}
	b, err := readBaskets(args[0])
	if err != nil {
		return nil, err
	}
	return func() (string, error) {
		s, err := itemset.Mine(context.Background(), b, itemset.Options{MinCount: least, Target: target, Threads: runtime.GOMAXPROCS(0)})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(s.Len()), nil
	}, nil
}

// readBaskets reads lines of non-negative integers.
func readBaskets(path string) (*itemset.Baskets, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := &itemset.Baskets{Off: []int64{0}}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		n, in := uint32(0), false
		for _, c := range append(sc.Bytes(), ' ') {
			switch {
			case c >= '0' && c <= '9':
				n, in = n*10+uint32(c-'0'), true
			case in:
				b.Items = append(b.Items, n)
				b.N = max(b.N, int(n)+1)
				n, in = 0, false
			}
		}
		b.Off = append(b.Off, int64(len(b.Items)))
	}
	return b, sc.Err()
}

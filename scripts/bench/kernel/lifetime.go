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

	"github.com/ecomctl/ecomctl/internal/kernel/btyd"
)

// lifetime fits BG/NBD and Gamma–Gamma and values every customer: FILE holds rows of
// four little-endian doubles, x, t_x, T and mean money, times in weeks. The check is the four
// parameters of BG/NBD to three digits.
func lifetime(args []string) (func() (string, error), error) {
	f, err := os.Open(args[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var h []btyd.History
	var z []float64
	r := bufio.NewReader(f)
	for {
		var v [4]float64
		if err := binary.Read(r, binary.LittleEndian, &v); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		h, z = append(h, btyd.History{X: v[0], TX: v[1], T: v[2]}), append(z, v[3])
	}
	return func() (string, error) { return value(h, z) }, nil
}

// value returns the check and the sum of all values.
func value(h []btyd.History, z []float64) (string, error) {
	ctx, threads := context.Background(), runtime.GOMAXPROCS(0)
	m, f, err := btyd.FitBGNBD(ctx, btyd.GroupHistories(h), threads)
	if err != nil {
		return "", err
	}
	var spends []btyd.Spend
	for i, x := range h {
		if x.X > 0 {
			spends = append(spends, btyd.Spend{X: x.X, Z: z[i], N: 1})
		}
	}
	money, g, err := btyd.FitGammaGamma(ctx, spends, threads)
	if err != nil {
		return "", err
	}
	// six months of 4.345 weeks at 1 % a month, as the peer has it
	forecast, err := btyd.Predict(ctx, m, h, btyd.Horizon{Span: 6 * 4.345, Rate: math.Log1p(0.01) / 4.345, Year: 365.0 / 7}, threads)
	if err != nil {
		return "", err
	}
	total := 0.0
	for i := range h {
		mean := 0.0
		if h[i].X > 0 {
			mean = z[i]
		}
		total += money.Expected(h[i].X, mean) * forecast[i].Discounted
	}
	if math.IsNaN(total) {
		return "", fmt.Errorf("a value is not a number")
	}
	check := ""
	for _, v := range append(f.Params, g.Params...) {
		check += fmt.Sprintf("%.2f ", v)
	}
	return check[:len(check)-1], nil
}

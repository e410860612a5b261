package recommend

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// purchases reads the matrix that scripts/bench writes for the peers (off.bin int64, item.bin
// uint32, val.bin float32, little endian), or skips.
func purchases(tb testing.TB) *Matrix {
	tb.Helper()
	dir := os.Getenv("ECOMCTL_BENCH_PURCHASES")
	if dir == "" {
		tb.Skip("ECOMCTL_BENCH_PURCHASES names no folder with off.bin, item.bin and val.bin (scripts/bench makes it)")
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			tb.Fatal(err)
		}
		return b
	}
	m := &Matrix{}
	for b := read("off.bin"); len(b) > 0; b = b[8:] {
		m.Off = append(m.Off, int64(binary.LittleEndian.Uint64(b)))
	}
	for b := read("item.bin"); len(b) > 0; b = b[4:] {
		it := binary.LittleEndian.Uint32(b)
		m.Item = append(m.Item, it)
		m.Items = max(m.Items, int(it)+1)
	}
	for b := read("val.bin"); len(b) > 0; b = b[4:] {
		m.Value = append(m.Value, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return m
}

// clocks returns wall and CPU time since the program began.
func clocks() (wall, cpu time.Duration) {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		panic(err)
	}
	return time.Duration(time.Now().UnixNano()), time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

func allUsers(m *Matrix) []uint32 {
	users := make([]uint32, m.Users())
	for u := range users {
		users[u] = uint32(u)
	}
	return users
}

// BenchmarkPurchases times fit and the ten best of all users on the peers' data.
func BenchmarkPurchases(b *testing.B) {
	m := purchases(b)
	run := func(name string, fit func() (Model, error)) {
		b.Run(name, func(b *testing.B) {
			var fitWall, fitCPU, topWall, topCPU time.Duration
			for b.Loop() {
				w0, c0 := clocks()
				model, err := fit()
				if err != nil {
					b.Fatal(err)
				}
				w1, c1 := clocks()
				if _, err := model.Top(b.Context(), m, allUsers(m), TopOptions{K: 10, Threads: 2}); err != nil {
					b.Fatal(err)
				}
				w2, c2 := clocks()
				fitWall, fitCPU, topWall, topCPU = fitWall+w1-w0, fitCPU+c1-c0, topWall+w2-w1, topCPU+c2-c1
			}
			for unit, d := range map[string]time.Duration{"fit-s": fitWall, "fit-cpu-s": fitCPU, "top10-s": topWall, "top10-cpu-s": topCPU} {
				b.ReportMetric(d.Seconds()/float64(b.N), unit)
			}
		})
	}
	run("itemknn", func() (Model, error) {
		return FitKNN(b.Context(), m, KNNOptions{Neighbours: 20, Threads: 2})
	})
	run("als", func() (Model, error) {
		return FitALS(b.Context(), m, ALSOptions{Factors: 64, Iterations: 15, Regularization: 0.01, Alpha: 1, Threads: 2})
	})
	binary := m.Binary()
	run("itemknn-binary", func() (Model, error) {
		return FitKNN(b.Context(), binary, KNNOptions{Neighbours: 20, Threads: 2})
	})
}

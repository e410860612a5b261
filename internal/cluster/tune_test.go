package cluster

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

const gib = 1 << 30

// parquetData is n equal files of some row groups each, decompressed to twice their size.
func parquetData(files, size, groups int64) *Data {
	d := &Data{Files: files, Parquet: files, Groups: files * groups, Stored: files * size, Decoded: 2 * files * size, LargestStored: size / groups, LargestDecoded: 2 * size / groups}
	for range files {
		d.Sizes = append(d.Sizes, size)
		if size < smallFile {
			d.Small++
		}
	}
	return d
}

func room(mb, cores, nodeMB, nodeCores int64) Room {
	return Room{Total: Resource{mb, cores}, Largest: Resource{nodeMB, nodeCores}, StepMB: 128, From: "test"}
}

// The expected numbers are worked out by hand from the formulas of docs/yarn.md.
func TestTune(t *testing.T) {
	for _, c := range []struct {
		name string
		d    *Data
		room Room
		want string // executors × cores, heap, container, driver, shuffles, compaction
	}{
		// 1 part of at most 128 MiB: one core; 300 + ⌈24/0.6⌉ = 340 → the least heap of 512
		{"small", parquetData(1, 4*mib, 1), room(65536, 32, 16384, 8), "1×1 512m 896 1024m 1 keep"},
		// (80 × (128+4)) / 128 = 83 parts, limited by 80 row groups; 40 wanted, 31 vcores beside the driver: 6 × 5; 256 MiB a row group as
		// objects 768 MB: 300 + ⌈5×768/0.6⌉ = 6700 → 6784, overhead 679 → 7463 → 7552; 16384/7552 = 2 a node
		{"ten GiB", parquetData(80, 128*mib, 1), room(262144, 32, 16384, 8), "6×5 6784m 7552 1024m 320 keep"},
		// each of the files counts 1 + 4 MiB: 40 parts; 20 wanted; 64 MiB → 192: 300+⌈5×192/0.6⌉ = 1900 → 1920+384 = 2304
		{"small files", parquetData(1024, mib, 1), room(262144, 256, 16384, 8), "8×5 1920m 2304 1024m 40 compact"},
		// the row group is one task whatever the split, of 1 GiB as objects 3 GiB; two row groups: two cores
		{"huge row groups", parquetData(1, 2*gib, 2), room(65536, 32, 32768, 8), "1×2 20864m 23040 1024m 64 rewrite"},
		// 300 + 768/0.6 = 1580 → 1664 + 384 = 2048 beside the driver's 896
		{"one", parquetData(80, 128*mib, 1), room(3072, 4, 3072, 4), "1×1 1664m 2048 512m 320 keep"},
		// less than one core should have: the 1792 MB that are left, 384 of them overhead
		{"narrow", parquetData(80, 128*mib, 1), room(2688, 4, 2688, 4), "1×1 1408m 1792 512m 320 keep"},
		// 6 parts: two executors of three, not of five and one
		{"even", parquetData(6, 128*mib, 1), room(65536, 32, 16384, 8), "2×3 4224m 4736 1024m 24 keep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Tune(c.d, c.room)
			if err != nil {
				t.Fatal(err)
			}
			last := p.Settings[len(p.Settings)-1]
			got := fmt.Sprintf("%d×%d %dm %d %dm %d %s", p.Executors, p.Cores, p.Heap, p.Container, p.Driver, p.Shuffles, last.Value)
			if got != c.want {
				t.Errorf("got  %s\nwant %s\n%+v", got, c.want, p.Settings)
			}
			for _, s := range p.Settings {
				if s.Reason == "" || s.Source == "" || strings.Contains(s.Reason, "%!") {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}

func TestTuneWithoutRoom(t *testing.T) {
	for _, r := range []Room{{}, room(1024, 4, 1024, 4), room(65536, 1, 65536, 1), room(65536, 4, 512, 4)} {
		if p, err := Tune(parquetData(1, gib, 8), r); fault.KindOf(err) != fault.Full || fault.HintOf(err) == "" {
			t.Errorf("%+v: %+v, %v", r, p, err)
		}
	}
}

// Whatever is proposed fits: into the room, onto the nodes beside the driver, into the largest container.
func TestProposalsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := parquetData(rapid.Int64Range(1, 200).Draw(t, "files"), rapid.Int64Range(1, 4*gib).Draw(t, "size"), rapid.Int64Range(1, 50).Draw(t, "groups"))
		node := Resource{rapid.Int64Range(1, 1<<18).Draw(t, "mb"), rapid.Int64Range(1, 64).Draw(t, "cores")}
		r := Room{Largest: node, StepMB: rapid.SampledFrom([]int64{1, 128, 512, 1024}).Draw(t, "step"), From: "test"}
		for range rapid.IntRange(1, 5).Draw(t, "nodes") {
			r.Nodes = append(r.Nodes, node)
			r.Total = r.Total.Plus(node)
		}
		p, err := Tune(d, r)
		if err != nil {
			if fault.KindOf(err) != fault.Full {
				t.Fatal(err)
			}
			return
		}
		driver := Resource{roundUp(p.Driver+overheadOf(p.Driver), r.StepMB), 1}
		one := Resource{p.Container, p.Cores}
		all := Resource{p.Executors*one.MemoryMB + driver.MemoryMB, p.Executors*one.VCores + 1}
		if p.Executors < 1 || !r.Largest.Holds(one) || !r.Total.Holds(all) || p.Heap+overheadOf(p.Heap) > p.Container || p.Container%r.StepMB != 0 || p.Shuffles < p.Executors*p.Cores {
			t.Fatalf("%+v in %+v", p, r)
		}
	})
}

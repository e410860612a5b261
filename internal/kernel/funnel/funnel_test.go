package funnel

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// naive counts by trying every chain of every entry.
func naive(ev Events, opt Options) []*Count {
	groups := 1
	if ev.By != nil {
		groups = opt.Groups + 1
	}
	out := make([]*Count, groups)
	for u := range len(ev.Off) - 1 {
		var best []int64
		entry := int64(-1)
		for e := ev.Off[u]; e < ev.Off[u+1]; e++ {
			t := ev.Times[e]
			if ev.Types[e] != opt.Steps[0] || t < opt.From || t >= opt.To {
				continue
			}
			var chain func(rows []int64)
			var deepest []int64 // of this entry: the deepest, then the one with the earliest times
			chain = func(rows []int64) {
				times := make([]int64, len(rows))
				for i, r := range rows {
					times[i] = ev.Times[r]
				}
				if len(times) > len(deepest) || (len(times) == len(deepest) && slices.Compare(times, deepest) < 0) {
					deepest = times
				}
				if len(rows) == len(opt.Steps) {
					return
				}
				for r := ev.Off[u]; r < ev.Off[u+1]; r++ {
					if ev.Types[r] == opt.Steps[len(rows)] && ev.Times[r] >= times[len(times)-1] && ev.Times[r]-t <= opt.Window && !slices.Contains(rows, r) {
						chain(append(slices.Clone(rows), r))
					}
				}
			}
			chain([]int64{e})
			if len(deepest) > len(best) { // rows are in order of time: a later entry must be deeper
				best, entry = deepest, e
			}
		}
		if entry < 0 {
			continue
		}
		g := 0
		if ev.By != nil {
			g = min(int(ev.By[entry]), opt.Groups)
		}
		if out[g] == nil {
			n := len(opt.Steps)
			out[g] = &Count{Users: make([]int64, n), Censored: make([]int64, n), Gaps: make([][]int64, n)}
		}
		open := len(best) < len(opt.Steps) && best[0]+opt.Window >= opt.End
		for k := range best {
			switch {
			case open:
				out[g].Censored[k]++
			default:
				out[g].Users[k]++
				if k > 0 {
					out[g].Gaps[k] = append(out[g].Gaps[k], best[k]-best[k-1])
				}
			}
		}
		if len(best) == len(opt.Steps) {
			out[g].Total = append(out[g].Total, best[len(best)-1]-best[0])
		}
	}
	return out
}

// sorted brings the gaps into an order.
func sorted(cs []*Count) []*Count {
	for _, c := range cs {
		if c == nil {
			continue
		}
		for k := range c.Gaps {
			slices.Sort(c.Gaps[k])
			if len(c.Gaps[k]) == 0 {
				c.Gaps[k] = nil
			}
		}
		slices.Sort(c.Total)
		if len(c.Total) == 0 {
			c.Total = nil
		}
	}
	return cs
}

// drawEvents makes users whose few times and types give many ties.
func drawEvents(t *rapid.T) Events {
	ev := Events{Off: []int64{0}}
	for range rapid.IntRange(0, 4).Draw(t, "users") {
		n := rapid.IntRange(0, 8).Draw(t, "events")
		times := rapid.SliceOfN(rapid.Int64Range(-3, 9), n, n).Draw(t, "times")
		slices.Sort(times)
		ev.Times = append(ev.Times, times...)
		ev.Types = append(ev.Types, rapid.SliceOfN(rapid.Uint32Range(0, 3), n, n).Draw(t, "types")...)
		ev.By = append(ev.By, rapid.SliceOfN(rapid.Uint32Range(0, 3), n, n).Draw(t, "by")...)
		ev.Off = append(ev.Off, int64(len(ev.Times)))
	}
	if rapid.Bool().Draw(t, "one group") {
		ev.By = nil
	} else if ev.By == nil {
		ev.By = []uint32{}
	}
	return ev
}

func TestAgreesWithTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ev := drawEvents(t)
		opt := Options{Steps: rapid.SliceOfN(rapid.SampledFrom([]uint32{0, 1, 2, 2, 7, NoType}), 1, 4).Draw(t, "steps"),
			Window: rapid.Int64Range(0, 12).Draw(t, "window"), From: rapid.Int64Range(-4, 4).Draw(t, "from"), To: rapid.Int64Range(0, 12).Draw(t, "to"),
			End: rapid.Int64Range(8, 24).Draw(t, "end"), Groups: rapid.IntRange(0, 4).Draw(t, "groups"), Threads: rapid.IntRange(1, 3).Draw(t, "threads")}
		got, err := Run(context.Background(), ev, opt)
		if err != nil {
			t.Fatal(err)
		}
		if want := sorted(naive(ev, opt)); !reflect.DeepEqual(sorted(got), want) {
			for g := range want {
				t.Logf("group %d: got %+v, want %+v", g, got[g], want[g])
			}
			t.Fatalf("%+v %+v", ev, opt)
		}
	})
}

const day = int64(24 * 3600 * 1e6)

func user(rows ...[2]int64) Events {
	ev := Events{Off: []int64{0, int64(len(rows))}}
	for _, r := range rows {
		ev.Times, ev.Types = append(ev.Times, r[0]), append(ev.Types, uint32(r[1]))
	}
	return ev
}

// TestTies works the rules of docs/contract.md by hand: 0 view, 1 cart, 2 purchase.
func TestTies(t *testing.T) {
	week := Options{Steps: []uint32{0, 1, 2}, Window: 7 * day, From: math.MinInt64, To: math.MaxInt64, End: 100 * day}
	for _, c := range []struct {
		name  string
		ev    Events
		steps []uint32
		users []int64
		gaps  []int64 // of the last step reached
	}{
		{"a later step may stand before an earlier one at the same time", user([2]int64{5, 2}, [2]int64{5, 1}, [2]int64{5, 0}), nil, []int64{1, 1, 1}, []int64{0}},
		{"a step before its predecessor's time does not count", user([2]int64{4, 1}, [2]int64{5, 0}), nil, []int64{1, 0, 0}, nil},
		{"the window ends inclusively", user([2]int64{0, 0}, [2]int64{1, 1}, [2]int64{7 * day, 2}), nil, []int64{1, 1, 1}, []int64{7*day - 1}},
		{"and not a microsecond later", user([2]int64{0, 0}, [2]int64{1, 1}, [2]int64{7*day + 1, 2}), nil, []int64{1, 1, 0}, []int64{1}},
		{"a later entry may come further", user([2]int64{0, 0}, [2]int64{9 * day, 0}, [2]int64{9*day + 2, 1}, [2]int64{9*day + 5, 2}), nil, []int64{1, 1, 1}, []int64{3}},
		{"the earliest of equally deep chains counts", user([2]int64{0, 0}, [2]int64{10, 1}, [2]int64{20, 0}, [2]int64{21, 1}), nil, []int64{1, 1, 0}, []int64{10}},
		{"a deeper chain beats an earlier one", user([2]int64{0, 0}, [2]int64{10, 1}, [2]int64{8 * day, 0}, [2]int64{8*day + 1, 1}, [2]int64{8*day + 4, 2}), nil, []int64{1, 1, 1}, []int64{3}},
		{"one row is one step", user([2]int64{5, 0}), []uint32{0, 0}, []int64{1, 0}, nil},
		{"two rows are two steps at one time", user([2]int64{5, 0}, [2]int64{5, 0}), []uint32{0, 0}, []int64{1, 1}, []int64{0}},
		{"a row is not used again further on", user([2]int64{5, 0}, [2]int64{5, 1}), []uint32{0, 1, 0}, []int64{1, 1, 0}, []int64{0}},
	} {
		opt := week
		if c.steps != nil {
			opt.Steps = c.steps
		}
		got, err := Run(context.Background(), c.ev, opt)
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for k, n := range c.users {
			if n > 0 {
				last = k
			}
		}
		if !slices.Equal(got[0].Users, c.users) || !slices.Equal(got[0].Gaps[last], c.gaps) {
			t.Errorf("%s: users %v, gaps %v; want %v, %v", c.name, got[0].Users, got[0].Gaps[last], c.users, c.gaps)
		}
	}
}

// TestCensoring: who has not finished while his window is open is counted apart; who
// finished is not.
func TestCensoring(t *testing.T) {
	opt := Options{Steps: []uint32{0, 1}, Window: 10, From: math.MinInt64, To: math.MaxInt64}
	ev := Events{Off: []int64{0, 1, 3, 4}, Times: []int64{5, 5, 6, 4}, Types: []uint32{0, 0, 1, 0}}
	for end, want := range map[int64][3]int64{14: {1, 1, 2}, 15: {2, 1, 1}, 16: {3, 1, 0}} {
		opt.End = end
		got, err := Run(context.Background(), ev, opt)
		if err != nil {
			t.Fatal(err)
		}
		if c := got[0]; [3]int64{c.Users[0], c.Users[1], c.Censored[0]} != want {
			t.Errorf("observed before %d: %v %v, want %v", end, c.Users, c.Censored, want)
		}
	}
}

// TestMillionEvents: one user with 10⁶ events, all entries and all of one time or all apart,
// takes linear time.
func TestMillionEvents(t *testing.T) {
	const n = 1_000_000
	for _, step := range []int64{0, 1, 1000} {
		ev := Events{Off: []int64{0, n}, Times: make([]int64, n), Types: make([]uint32, n)}
		r := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			ev.Times[i], ev.Types[i] = int64(i)*step, uint32(r.IntN(3))
		}
		begun := time.Now()
		got, err := Run(context.Background(), ev, Options{Steps: []uint32{0, 1, 2, 0}, Window: 1 << 40, From: math.MinInt64, To: math.MaxInt64, End: math.MaxInt64})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Users[3] != 1 {
			t.Errorf("%v", got[0].Users)
		}
		if d := time.Since(begun); d > 5*time.Second {
			t.Errorf("steps of %d µs: %s", step, d)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	ev := user([2]int64{1, 0})
	for _, opt := range []Options{{}, {Steps: make([]uint32, MaxSteps+1)}, {Steps: []uint32{0}, Window: -1}} {
		if _, err := Run(context.Background(), ev, opt); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", opt, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, ev, Options{Steps: []uint32{0}}); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("cancelled: %v", err)
	}
}

// FuzzRun: any rows, as bytes, agree with the definition.
func FuzzRun(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0, 16, 33}, uint8(3), uint8(9))
	f.Fuzz(func(t *testing.T, rows []byte, window, end uint8) {
		rows = rows[:min(len(rows), 9)]
		slices.SortStableFunc(rows, func(a, b byte) int { return cmp.Compare(a>>2, b>>2) })
		ev := Events{Off: []int64{0, int64(len(rows))}}
		for _, b := range rows {
			ev.Times, ev.Types = append(ev.Times, int64(b>>2)), append(ev.Types, uint32(b&3))
		}
		opt := Options{Steps: []uint32{0, 1, 0, 2}, Window: int64(window), From: 1, To: 60, End: int64(end), Threads: 1}
		got, err := Run(context.Background(), ev, opt)
		if err != nil {
			t.Fatal(err)
		}
		if want := sorted(naive(ev, opt)); !reflect.DeepEqual(sorted(got), want) {
			t.Fatalf("got %+v, want %+v", got[0], want[0])
		}
	})
}

func BenchmarkRun(b *testing.B) {
	const users, each = 100_000, 25
	r := rand.New(rand.NewPCG(1, 2))
	ev := Events{Off: make([]int64, users+1)}
	for u := range users {
		t := int64(0)
		for range each {
			t += r.Int64N(day / 2)
			ev.Times, ev.Types = append(ev.Times, t), append(ev.Types, uint32(r.IntN(20)/9))
		}
		ev.Off[u+1] = int64(len(ev.Times))
	}
	opt := Options{Steps: []uint32{0, 1, 2}, Window: 7 * day, From: math.MinInt64, To: math.MaxInt64, End: math.MaxInt64, Threads: 1}
	b.SetBytes(users * each)
	b.ResetTimer()
	for range b.N {
		if _, err := Run(context.Background(), ev, opt); err != nil {
			b.Fatal(err)
		}
	}
}

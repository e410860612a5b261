package session

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// cutNaively gives the sessions of a user as lists of rows.
func cutNaively(ev Events, u int, gap int64) [][]int64 {
	stated := map[uint32][]int64{}
	var free []int64
	for r := ev.Off[u]; r < ev.Off[u+1]; r++ {
		if ev.Sessions != nil && ev.Sessions[r] != NoSession {
			stated[ev.Sessions[r]] = append(stated[ev.Sessions[r]], r)
		} else {
			free = append(free, r)
		}
	}
	var out [][]int64
	for _, s := range stated {
		out = append(out, s)
	}
	for i, r := range free {
		if i == 0 || ev.Times[r]-ev.Times[free[i-1]] >= gap {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], r)
	}
	return out
}

// naive counts with maps of what was met where.
func naive(ev Events, opt Options) (edges map[string][3]int, paths map[string][2]int, sessions int) {
	edges, paths = map[string][3]int{}, map[string][2]int{}
	for u := range len(ev.Off) - 1 {
		userEdges, userPaths := map[string]bool{}, map[string]bool{}
		for _, rows := range cutNaively(ev, u, opt.Gap) {
			sessions++
			met := map[string]bool{}
			from := opt.Types
			var stages []int
			step := func(to int) {
				name := fmt.Sprint(from, ">", to)
				e := edges[name]
				e[0]++
				if !met[name] {
					e[1]++
				}
				if !userEdges[name] {
					e[2]++
				}
				met[name], userEdges[name] = true, true
				edges[name] = e
				if to != from && to != opt.Types {
					stages = append(stages, to)
				}
				from = to
			}
			for _, r := range rows {
				step(int(ev.Types[r]))
			}
			step(opt.Types)
			name := fmt.Sprint(stages[:min(len(stages), opt.Path)], len(stages) > opt.Path)
			p := paths[name]
			p[0]++
			if !userPaths[name] {
				p[1]++
			}
			userPaths[name] = true
			paths[name] = p
		}
	}
	return edges, paths, sessions
}

func drawEvents(t *rapid.T, types uint32) Events {
	ev := Events{Off: []int64{0}}
	for range rapid.IntRange(0, 5).Draw(t, "users") {
		n := rapid.IntRange(0, 12).Draw(t, "events")
		times := rapid.SliceOfN(rapid.Int64Range(0, 60), n, n).Draw(t, "times")
		slices.Sort(times)
		ev.Times = append(ev.Times, times...)
		ev.Types = append(ev.Types, rapid.SliceOfN(rapid.Uint32Range(0, types-1), n, n).Draw(t, "types")...)
		ev.Sessions = append(ev.Sessions, rapid.SliceOfN(rapid.SampledFrom([]uint32{0, 1, 2, NoSession}), n, n).Draw(t, "sessions")...)
		ev.Off = append(ev.Off, int64(len(ev.Times)))
	}
	if rapid.Bool().Draw(t, "no sessions") {
		ev.Sessions = nil
	}
	return ev
}

func TestAgreesWithTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SampledFrom([]int{1, 3, denseStates + 5}).Draw(t, "types")
		ev := drawEvents(t, uint32(min(types, 4)))
		opt := Options{Types: types, Gap: rapid.Int64Range(1, 20).Draw(t, "gap"), Path: rapid.IntRange(1, 4).Draw(t, "path"), Threads: 2}
		got, err := Run(context.Background(), ev, opt)
		if err != nil {
			t.Fatal(err)
		}
		edges, paths, sessions := naive(ev, opt)
		if len(got.Edges) != len(edges) || len(got.Paths) != len(paths) || got.Sessions != int64(sessions) || got.Events != int64(len(ev.Times)) {
			t.Fatalf("%d edges, %d paths, %d sessions; want %d, %d, %d", len(got.Edges), len(got.Paths), got.Sessions, len(edges), len(paths), sessions)
		}
		for _, e := range got.Edges {
			if want := edges[fmt.Sprint(e.From, ">", e.To)]; want != [3]int{int(e.Count), int(e.Sessions), int(e.Users)} {
				t.Fatalf("%+v, want %v", e, want)
			}
		}
		for i, p := range got.Paths {
			if want := paths[fmt.Sprint(p.Stages, p.More)]; want != [2]int{int(p.Sessions), int(p.Users)} {
				t.Fatalf("%+v, want %v", p, want)
			}
			if i > 0 && p.Sessions > got.Paths[i-1].Sessions {
				t.Fatal("paths are not in their order")
			}
		}
		if int64(len(got.Durations))+got.Single != got.Sessions {
			t.Fatalf("%d durations, %d single, %d sessions", len(got.Durations), got.Single, got.Sessions)
		}
	})
}

// TestManyUsers: workers' counts add up to those of one.
func TestManyUsers(t *testing.T) {
	ev := Events{Off: []int64{0}}
	r := rand.New(rand.NewPCG(4, 4))
	for range 20_000 {
		now := int64(0)
		for range r.IntN(12) {
			now += r.Int64N(40)
			ev.Times, ev.Types = append(ev.Times, now), append(ev.Types, uint32(r.IntN(5)))
			ev.Sessions = append(ev.Sessions, uint32(r.IntN(3)))
		}
		ev.Off = append(ev.Off, int64(len(ev.Times)))
	}
	opt := Options{Types: 5, Gap: 30, Path: 3, Threads: 1}
	one, err := Run(context.Background(), ev, opt)
	if err != nil {
		t.Fatal(err)
	}
	opt.Threads = 4
	four, err := Run(context.Background(), ev, opt)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(one.Durations)
	slices.Sort(four.Durations)
	same := func(a, b Path) bool {
		return slices.Equal(a.Stages, b.Stages) && a.More == b.More && cmp.Compare(a.Sessions, b.Sessions) == 0 && a.Users == b.Users
	}
	if !slices.Equal(one.Edges, four.Edges) || !slices.EqualFunc(one.Paths, four.Paths, same) || !slices.Equal(one.Durations, four.Durations) {
		t.Error("four workers count otherwise than one")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	ev := Events{Off: []int64{0, 3}, Types: []uint32{0, 1, 2}, Times: []int64{1, 2, 3}}
	if _, err := Run(context.Background(), ev, Options{Types: 3, Path: MaxPath + 1}); fault.KindOf(err) != fault.Usage {
		t.Errorf("a long path: %v", err)
	}
	if _, err := Run(context.Background(), ev, Options{Types: 3, Path: 2, Memory: 1}); fault.KindOf(err) != fault.Full {
		t.Errorf("a small budget: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, ev, Options{Types: 3}); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("cancelled: %v", err)
	}
}

func BenchmarkRun(b *testing.B) {
	const users, each = 100_000, 25
	r := rand.New(rand.NewPCG(1, 2))
	ev := Events{Off: make([]int64, users+1)}
	for u := range users {
		t := int64(0)
		for range each {
			t += r.Int64N(20 * 60 * 1e6)
			ev.Times, ev.Types = append(ev.Times, t), append(ev.Types, uint32(r.IntN(20)/9))
		}
		ev.Off[u+1] = int64(len(ev.Times))
	}
	b.SetBytes(users * each)
	b.ResetTimer()
	for range b.N {
		if _, err := Run(context.Background(), ev, Options{Types: 3, Gap: 15 * 60 * 1e6, Path: 5, Threads: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

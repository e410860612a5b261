package generate

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"math"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

func clicks(t interface{ Fatal(...any) }, o EventOptions) *Clicks {
	p, err := Events(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// eachBatch reads a split of any generator.
func eachBatch(t interface{ Fatal(...any) }, p source.Dataset, i int, f func(b *frame.Batch)) {
	want := make([]source.Want, p.Schema().NumFields())
	for k := range want {
		want[k].Col = k
	}
	r, err := p.Splits()[i].Open(context.Background(), want)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b frame.Batch
	for {
		err := r.Next(&b)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		f(&b)
	}
}

// eventDigest hashes every value of a split.
func eventDigest(t interface{ Fatal(...any) }, p *Clicks, i int) uint64 {
	h := fnv.New64a()
	var w [8]byte
	eachBatch(t, p, i, func(b *frame.Batch) {
		for c := range b.Cols {
			col := &b.Cols[c]
			for r := range b.N {
				switch {
				case col.IsNull(r):
					h.Write([]byte{0xff, 0})
				case col.Kind == frame.String:
					h.Write(append(col.Str(r), 0))
				case col.Kind == frame.Float:
					binary.LittleEndian.PutUint64(w[:], math.Float64bits(col.F64[r]))
					h.Write(w[:])
				default:
					binary.LittleEndian.PutUint64(w[:], uint64(col.I64[r]))
					h.Write(w[:])
				}
			}
		}
	})
	return h.Sum64()
}

func TestSameEventsInAnyOrderOfSplits(t *testing.T) {
	o := EventOptions{Rows: 2*eventSplitBlocks*eventBlockRows + 777, Seed: 9, Dirty: 0.02, Bots: 0.1, Days: 30}
	p, again := clicks(t, o), clicks(t, o)
	n := len(p.Splits())
	if n != 3 {
		t.Fatalf("%d splits, want 3", n)
	}
	var wg sync.WaitGroup
	backward := make([]uint64, n)
	for i := n - 1; i >= 0; i-- {
		wg.Go(func() { backward[i] = eventDigest(t, again, i) })
	}
	wg.Wait()
	for i := range n {
		if got := eventDigest(t, p, i); got != backward[i] {
			t.Errorf("split %d: %x read in order, %x at the same time as others", i, got, backward[i])
		}
	}
	o.Seed++
	if eventDigest(t, clicks(t, o), 0) == backward[0] {
		t.Error("another seed gives the same events")
	}
}

// Digests of TestPinnedEvents: FNV-1a over the values of the first split.
const (
	pinnedEvents      = 0x608b0f3902a5ebbb
	pinnedDirtyEvents = 0x3cd6a4de2a7890ba
)

// TestPinnedEvents holds the bytes that a seed stands for. A change here needs a
// line in the changelog.
func TestPinnedEvents(t *testing.T) {
	for _, c := range []struct {
		o    EventOptions
		want uint64
	}{
		{EventOptions{Rows: 50_000}, pinnedEvents},
		{EventOptions{Rows: 50_000, Seed: 7, Dirty: 0.03, Bots: 0.2, Regions: "br", Lang: "zh", Days: 20}, pinnedDirtyEvents},
	} {
		if got := eventDigest(t, clicks(t, c.o), 0); got != c.want {
			t.Errorf("%+v: digest %#x, want %#x", c.o, got, c.want)
		}
	}
}

// TestEventShape checks the laws of the stream on random options: exact row counts, a
// session of one visitor, times in order within a session and a batch, no pause of
// half an hour within a session, carts of what was viewed.
func TestEventShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := EventOptions{Rows: rapid.Int64Range(1, 3*eventBlockRows).Draw(t, "rows"), Users: rapid.IntRange(0, 3000).Draw(t, "users"),
			Products: rapid.IntRange(0, 400).Draw(t, "products"), Seed: rapid.Uint64().Draw(t, "seed"), Days: rapid.IntRange(1, 400).Draw(t, "days"),
			Bots: rapid.SampledFrom([]float64{0, 0.2}).Draw(t, "bots")}
		p := clicks(t, o)
		rows, last := int64(0), map[int64][2]int64{} // session → user, time
		for i := range p.Splits() {
			eachBatch(t, p, i, func(b *frame.Batch) {
				for r := range b.N {
					user, session, ts := b.Cols[0].I64[r], b.Cols[1].I64[r], b.Cols[2].I64[r]
					if r > 0 && ts < b.Cols[2].I64[r-1] {
						t.Fatalf("row %d: the time runs backwards", r)
					}
					if seen, ok := last[session]; ok && (seen[0] != user || ts < seen[1] || ts-seen[1] >= 30*60*1_000_000) {
						t.Fatalf("session %d: user %d at %d after %v", session, user, ts, seen)
					}
					last[session] = [2]int64{user, ts}
					if user < 1 || user > int64(p.Options().Users)+int64(p.s.bots) {
						t.Fatalf("user %d of %d", user, p.Options().Users)
					}
					if b.Cols[6].F64[r] <= 0 {
						t.Fatalf("price %v", b.Cols[6].F64[r])
					}
				}
				rows += int64(b.N)
			})
		}
		if rows != o.Rows {
			t.Fatalf("%d rows, want %d", rows, o.Rows)
		}
		for s := int64(1); s <= p.s.visits; s++ {
			if _, ok := last[s]; !ok {
				t.Fatalf("session %d of %d has no event", s, p.s.visits)
			}
		}
	})
}

// TestEventFunnel: each step of the shop loses visitors, and bots make what was asked.
func TestEventFunnel(t *testing.T) {
	p := clicks(t, EventOptions{Rows: 600_000, Bots: 0.5, Seed: 3})
	users := [4]map[int64]int{{}, {}, {}, {}}
	for i := range p.Splits() {
		eachBatch(t, p, i, func(b *frame.Batch) {
			for r := range b.N {
				users[b.Cols[3].Codes[r]][b.Cols[0].I64[r]]++
			}
		})
	}
	views, carts, buys := len(users[eventView]), len(users[eventCart]), len(users[eventPurchase])
	if !(views > carts*5/4 && carts > buys*5/4 && buys > views/50) {
		t.Errorf("%d viewers, %d with a cart, %d buyers", views, carts, buys)
	}
	bots := 0
	for u := int64(p.Options().Users) + 1; u <= int64(p.Options().Users)+int64(p.s.bots); u++ {
		if n := users[eventView][u]; n < 100_000 || users[eventCart][u] > 0 {
			t.Errorf("bot %d made %d views, %d carts", u, n, users[eventCart][u])
		}
		bots++
	}
	if bots != 2 {
		t.Errorf("%d bots, want 2", bots)
	}
}

// TestEventDirt: every kind of dirt occurs, and about as often as asked.
func TestEventDirt(t *testing.T) {
	s := clicks(t, EventOptions{Rows: 100_000, Dirty: 0.1}).s
	b := &eventBlock{visits: s.fillVisits(0, nil)}
	s.fillEvents(b, eventBlockRows)
	s.spoilEvents(0, b.events)
	var n [numEventDirt]int
	for i := range b.events {
		n[b.events[i].dirt]++
	}
	for d := NoUser; d < DuplicateEvent; d++ {
		if want := eventBlockRows / 10 / int(numEventDirt-1); n[d] < want*8/10 || n[d] > want*14/10 {
			t.Errorf("%s: %d events, want about %d", d, n[d], want)
		}
	}
}

func TestEventOptionsAreChecked(t *testing.T) {
	for _, o := range []EventOptions{{}, {Rows: -1}, {Rows: MaxRows + 1}, {Rows: 1, Users: -1}, {Rows: 1, Bots: 0.95}, {Rows: 1, Bots: math.NaN()},
		{Rows: 1, Dirty: 2}, {Rows: 1, Regions: "xx"}, {Rows: 1, Lang: "fr"}, {Rows: 1, Days: -3}, {Rows: 1, Products: MaxProducts + 1}} {
		if _, err := Events(o); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func BenchmarkEvents(b *testing.B) {
	p := clicks(b, EventOptions{Rows: eventSplitBlocks * eventBlockRows})
	b.SetBytes(p.Splits()[0].Bytes())
	for range b.N {
		eachBatch(b, p, 0, func(*frame.Batch) {})
	}
}

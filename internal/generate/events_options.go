package generate

import (
	"math"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// EventOptions describe a synthetic click-stream. The zero value of a field is its default.
type EventOptions struct {
	Rows     int64     // events; required, ≥ 1
	Users    int       // visitors; default Rows/25, at least 100
	Products int       // default as for orders
	Seed     uint64    // default 1
	From     time.Time // first day; default 2024-01-01
	Days     int       // length of the history; default 90
	Bots     float64   // share of events made by bots, 0 … 0.9; each makes about botEvents of them
	Dirty    float64   // share of spoiled events, 0 … 0.5; see EventDirt
	Regions  string    // country of the visitors: see Countries; default "cn"
	Lang     string    // "en" or "zh": categories and regions; default "en"
}

// botEvents is how many events a bot makes, when there are that many.
const botEvents = 150_000

// normal fills defaults and refuses what cannot be made. The returned Options are those of
// the shop that is visited. Errors are fault.Usage.
func (o EventOptions) normal() (EventOptions, Options, *country, error) {
	if math.IsNaN(o.Bots) || o.Bots < 0 || o.Bots > 0.9 {
		return o, Options{}, nil, fault.New(fault.Usage, "generating events: a share of bots of %v", o.Bots).WithHint("give a share from 0 to 0.9, for example 0.05")
	}
	if o.Days == 0 {
		o.Days = 90
	}
	if o.Users == 0 {
		o.Users = int(min(max(100, o.Rows/25), math.MaxInt32))
	}
	shop, c, err := Options{Rows: o.Rows, Customers: o.Users, Products: o.Products, Seed: o.Seed, From: o.From, Days: o.Days,
		Dirty: o.Dirty, Regions: o.Regions, Lang: o.Lang}.normal()
	if err != nil {
		return o, shop, nil, fault.New(fault.Usage, "%s", strings.NewReplacer("generating orders", "generating events", "customers", "users").Replace(err.Error())).
			WithHint("%s", fault.HintOf(err))
	}
	o.Products, o.Seed, o.From, o.Regions, o.Lang = shop.Products, shop.Seed, shop.From, shop.Regions, shop.Lang
	return o, shop, c, nil
}

// bots returns how many bots make the asked share of events.
func (o *EventOptions) bots() int {
	if o.Bots == 0 {
		return 0
	}
	return max(1, int(math.Round(o.Bots*float64(o.Rows)/botEvents)))
}

// EventDirt is one way in which an event can be spoiled; each is equally likely.
type EventDirt uint8

// The kinds of dirt of events.
const (
	CleanEvent     EventDirt = iota
	NoUser                   // null user_id
	NoEventTime              // null event_ts
	NoType                   // null event_type
	NoSession                // null session_id
	NoEventProduct           // null product_id
	FutureEvent              // event_ts fifty years ahead
	LateEvent                // logged in its place, with a time some hours before
	EqualTime                // the time of the event before
	DuplicateEvent           // an exact copy of the event before
	numEventDirt
)

// String returns the name of the kind as documentation lists it.
func (d EventDirt) String() string {
	return [numEventDirt]string{"clean", "no user", "no time", "no type", "no session", "no product", "far future", "late", "equal time",
		"exact duplicate"}[d]
}

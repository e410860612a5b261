package session

import (
	"os"
	"runtime"
	"strings"
	"time"
	_ "time/tzdata" // zones for machines without their own: Windows, containers of nothing but the binary

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Settings say how an input is opened, mapped, cleaned and asked. The fields are named after
// the flags of docs/contract.md, which messages cite; the zero value means the defaults.
type Settings struct {
	Preset              string
	Maps                map[string]string // canonical column → column of the input
	Products, Customers string            // URIs of further tables
	From, To, AsOf      string            // dates
	Where               string            // expression
	TZ, Currency, Lang  string
	Threads             int    // 0 = all processors
	Memory              string // a size; "" = half of the machine
	Seed                int64
	NoClean, RejectFree bool
	Dedupe, Net         bool
	MaxRejects          string // a share; "" = 5 %
	Rates               string // file of exchange rates
	// Delimiter, Encoding, Decimal, NoHeader and InputFormat state what recognition of text files
	// would guess.
	Delimiter, Encoding, Decimal string
	NoHeader                     bool
	InputFormat                  string
	// VoidStatuses, Rules and Segments are the shop's own words of the configuration.
	VoidStatuses []string
	Rules        []config.Rule
	Segments     []config.Segment
	TmpDir       string // where spilled data go; "" = the system's
}

// Configured returns the settings that a configuration makes, flags being in it already.
func Configured(c *config.Config) Settings {
	seed := int64(1)
	if c.SeedSet {
		seed = c.Seed
	}
	return Settings{
		Preset: c.Preset, Maps: c.Map, Products: c.Products, Customers: c.Customers, From: c.From, To: c.To, AsOf: c.AsOf, Where: c.Where,
		TZ: c.TZ, Currency: c.Currency, Lang: c.Lang, Threads: c.Threads, Memory: c.Memory, Seed: seed,
		NoClean: c.NoClean, RejectFree: c.RejectFree, Dedupe: c.Dedupe, Net: c.Net, MaxRejects: c.MaxRejects, Rates: c.Rates,
		Delimiter: c.Delimiter, Encoding: c.Encoding, Decimal: c.Decimal, VoidStatuses: c.VoidStatuses, Rules: c.Rules, Segments: c.Segments, TmpDir: c.TmpDir,
	}
}

// Check refuses values that nothing can use.
func (o *Settings) Check() error {
	switch {
	case o.Lang != "" && o.Lang != "en" && o.Lang != "zh":
		return fault.New(fault.Usage, "--lang %s: languages are en and zh", o.Lang)
	case o.Threads < 0:
		return fault.New(fault.Usage, "--threads %d: must be positive", o.Threads)
	}
	return nil
}

// Workers returns the number of threads to use.
func (o *Settings) Workers() int {
	if o.Threads > 0 {
		return o.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// RejectShare is --max-rejects: "5%", "0.05", or the default.
func (o *Settings) RejectShare() (float64, error) {
	if o.MaxRejects == "" {
		return 0.05, nil
	}
	v, err := config.ParseShare(o.MaxRejects)
	return v, fault.Wrap(err, "--max-rejects")
}

// Location returns the time zone.
func (o *Settings) Location() (*time.Location, error) {
	if o.TZ == "" || strings.EqualFold(o.TZ, "UTC") {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(o.TZ)
	if err != nil || o.TZ == "Local" {
		return nil, fault.New(fault.Usage, "--tz %s: no such time zone", o.TZ).WithHint("names are those of the IANA database, like America/Sao_Paulo or Asia/Shanghai")
	}
	return loc, nil
}

// TempDir is where spilled data go.
func (o *Settings) TempDir() string {
	if o.TmpDir != "" {
		return o.TmpDir
	}
	return os.TempDir()
}

// day parses a date flag into microseconds of wall time; open where it is not given.
func day(flagName, s string, open int64) (int64, error) {
	if s == "" {
		return open, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return 0, fault.New(fault.Usage, "--%s %s: not a date", flagName, s).WithHint("dates look like 2024-12-31")
}

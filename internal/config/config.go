package config

import (
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Config is what files and variables say; flags, where given, are in it already.
// The zero value of a field means that nobody set it.
type Config struct {
	Input                                  []string
	Products, Customers                    string // URIs of further tables
	Preset                                 string
	Map                                    map[string]string // canonical column → column of the input
	Where                                  string            // expression
	From, To, AsOf                         string            // dates
	TZ, Currency, Lang                     string
	Engine, Spark, Gateway, Flink, Memory  string
	MemoryBytes                            int64 // of Memory; 0 = not set
	Threads                                int
	Seed                                   int64
	SeedSet                                bool
	NoProgress, NoClean, RejectFree        bool
	Dedupe, Net                            bool
	MaxRejects                             string
	MaxRejectsShare                        float64   // of MaxRejects; meaningful when it is set
	VoidStatuses                           []string  // nil = the built-in list
	Rules                                  []Rule    // clean rules of the shop
	Segments                               []Segment // names of the shop for RFM scores
	Rates                                  string    // file of exchange rates
	ValidateRules                          string    // rules file of `validate`
	Delimiter, Encoding, Format, LogFormat string
	TmpDir                                 string
	DB                                     string   // URL of the database of `db`
	PseudonymKey                           Secret   // key of --pseudonymise
	Listen, Metrics                        string   // addresses of `serve`
	Hosts, Roots                           []string // names of the server; folders below which requests may name inputs
	Keys                                   string   // file of keys of `serve`
	Decimal                                string   // how text files write numbers: comma, point or "" = recognised
	KafkaUser, KafkaSASL                   string   // who connects to Kafka, and by which mechanism
	KafkaPassword                          Secret   // of KafkaUser
	KafkaTLS                               string   // on, or the file of the authorities that brokers' certificates are checked by
	KafkaCert, KafkaKey                    string   // files of the client's own certificate and key
	Cache                                  Secret   // memory, or the address of Redis, which may hold a password
}

// Rule is a clean rule of the shop: rows for which When is true get the kind.
type Rule struct {
	Name string // the reason in summaries
	Kind string // reject, void, reversal or outside
	When string // expression over canonical columns
	From string // "ecomctl.yaml:12", for messages
}

// Segment names the customers whose RFM scores satisfy When; the first that does is taken,
// and the standard segments name the rest.
type Segment struct {
	Name string
	When string // expression over r, f, m (1–5) and v = ⌊(f + m + 1) / 2⌋
	From string // "ecomctl.yaml:12", for messages
}

// ParseSize reads a number of bytes: 512MiB, 4GB, 1.5g, 1048576.
func ParseSize(s string) (int64, error) {
	u := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "b")
	unit := 1.0
	for _, x := range []struct {
		suffix string
		size   float64
	}{{"ki", 1 << 10}, {"mi", 1 << 20}, {"gi", 1 << 30}, {"ti", 1 << 40}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}} {
		if rest, ok := strings.CutSuffix(u, x.suffix); ok {
			u, unit = rest, x.size
			break
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(u), 64)
	if err != nil || !(v > 0) || v*unit > 1<<60 {
		return 0, fault.New(fault.Usage, "%q is not a size", s).WithHint("sizes look like 512MiB or 4GB")
	}
	return int64(v * unit), nil
}

// ParseShare reads a share: 5%, 0.05.
func ParseShare(s string) (float64, error) {
	num, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(num), 64)
	if percent {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 1 {
		return 0, fault.New(fault.Usage, "%q is not a share", s).WithHint("shares look like 5%% or 0.05")
	}
	return v, nil
}

// checkAddress accepts what a server can listen on.
func checkAddress(s string) error {
	if _, port, err := net.SplitHostPort(s); err != nil || port == "" {
		return fault.New(fault.Usage, "%q is not an address", s).WithHint("addresses look like 127.0.0.1:5000 or 0.0.0.0:5000")
	}
	return nil
}

// checkMonitor accepts an address, or off.
func checkMonitor(s string) error {
	if s == "off" {
		return nil
	}
	return checkAddress(s)
}

// checkCache accepts where answers are remembered; the reference to a secret is looked at when it is used.
func checkCache(s string) error {
	for _, scheme := range []string{"redis://", "rediss://", "unix://", "file:", "${"} {
		if strings.HasPrefix(s, scheme) {
			return nil
		}
	}
	if s == "memory" {
		return nil
	}
	// the value itself may be a secret that was put into the wrong place
	return fault.New(fault.Usage, "it is neither memory nor an address of Redis").WithHint("write memory, redis://host:port/db, redis://:${REDIS_PASSWORD}@host:port/db, or file:PATH of a file that holds the address")
}

// checkDate accepts a day or a wall time.
func checkDate(s string) error {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if _, err := time.Parse(layout, s); err == nil {
			return nil
		}
	}
	return fault.New(fault.Usage, "%q is not a date", s).WithHint("dates look like 2024-12-31")
}

// checkZone accepts names of the IANA database.
func checkZone(s string) error {
	if strings.EqualFold(s, "UTC") {
		return nil
	}
	if _, err := time.LoadLocation(s); err != nil || s == "Local" || s == "" {
		return fault.New(fault.Usage, "%q is not a time zone", s).WithHint("names are those of the IANA database, like America/Sao_Paulo or Asia/Shanghai")
	}
	return nil
}

// checkCurrency accepts three capital letters.
func checkCurrency(s string) error {
	ok := len(s) == 3
	for i := range len(s) {
		ok = ok && s[i] >= 'A' && s[i] <= 'Z'
	}
	if !ok {
		return fault.New(fault.Usage, "%q is not a currency code", s).WithHint("codes are three capital letters, like EUR or CNY")
	}
	return nil
}

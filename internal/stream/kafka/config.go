package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"

	"github.com/ecomctl/ecomctl/internal/backoff"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Scheme begins the addresses of topics.
const Scheme = "kafka://"

// Config says which topic is read and how.
type Config struct {
	Brokers []string // host:port
	Topic   string
	// Partitions are those that this process reads; nil = all, and those that are added.
	Partitions []int
	// Latest starts partitions without a position at their end instead of their beginning.
	Latest bool
	// OutOfRange says what happens when a position is no longer in the log: "fail" (or ""),
	// "earliest", "latest".
	OutOfRange string
	// Group, where not empty, is told the positions of checkpoints, so that tools show the lag.
	Group string
	// Member, where not nil, is this process's place in Group; its offsets are told as a member's.
	Member *Member
	// TLS and SASL say how connections are secured; nil = not at all.
	TLS  *tls.Config
	SASL sasl.Mechanism
	// End ends the stream at the offsets that the partitions have when it starts.
	End bool

	Patience time.Duration // how long a broker may not answer; 0 = a minute
	Stall    time.Duration // how long a connection may be silent beyond the wait of a fetch, before it is opened anew; 0 = 10 s
	Refresh  time.Duration // how often new partitions are looked for; 0 = 10 s
	Now      func() time.Time
	Say      func(format string, args ...any)
	Dial     func(ctx context.Context, network, address string) (net.Conn, error) // nil = the usual one
}

// ParseURI reads kafka://host:port,host:port/topic.
func ParseURI(uri string) (brokers []string, topic string, err error) {
	bad := func(why string) ([]string, string, error) {
		return nil, "", fault.New(fault.Usage, "%s: %s", uri, why).WithHint("write kafka://host:9092/topic, or kafka://a:9092,b:9092/topic")
	}
	rest, ok := strings.CutPrefix(uri, Scheme)
	if !ok {
		return bad("no address of a topic")
	}
	if strings.Contains(rest, "@") { // before anything of it is told
		return nil, "", fault.New(fault.Usage, "kafka://…: users and passwords are not written into addresses").WithHint("set kafka_user in ecomctl.yaml and ECOMCTL_KAFKA_PASSWORD, or kafka_password: file:PATH")
	}
	hosts, topic, _ := strings.Cut(rest, "/")
	if !topicName.MatchString(topic) || topic == "." || topic == ".." {
		return bad("it names no topic (letters, digits, - _ . of ASCII, at most 249)")
	}
	for _, h := range strings.Split(hosts, ",") {
		host, port, err := net.SplitHostPort(h)
		if err != nil {
			host, port = h, "9092"
		}
		if n, err := strconv.Atoi(port); host == "" || err != nil || n < 1 || n > 65535 {
			return bad(fmt.Sprintf("%q is no host:port", h))
		}
		brokers = append(brokers, net.JoinHostPort(host, port))
	}
	return brokers, topic, nil
}

// topicName is what brokers take (Kafka's own rule, org.apache.kafka.common.internals.Topic).
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// ParsePartitions reads 0,2,5-7.
func ParsePartitions(list string) ([]int, error) {
	if list == "" {
		return nil, nil
	}
	var out []int
	for _, w := range strings.Split(list, ",") {
		a, b, span := strings.Cut(strings.TrimSpace(w), "-")
		lo, err := strconv.Atoi(a)
		hi := lo
		if span && err == nil {
			hi, err = strconv.Atoi(b)
		}
		if err != nil || lo < 0 || hi < lo || hi-lo > 100_000 {
			return nil, fault.New(fault.Usage, "--partitions %s: %q names no partition", list, w).WithHint("for example 0,2,5-7")
		}
		for p := lo; p <= hi; p++ {
			out = append(out, p)
		}
	}
	return out, nil
}

func (c *Config) defaults() {
	if c.Patience == 0 {
		c.Patience = time.Minute
	}
	if c.Refresh == 0 {
		c.Refresh = 10 * time.Second
	}
	if c.Stall == 0 {
		c.Stall = 10 * time.Second
	}
}

// client returns a client with connections of its own.
func (c *Config) client() (*kafkago.Client, *kafkago.Transport) {
	t := &kafkago.Transport{Dial: c.Dial, DialTimeout: 5 * time.Second, ClientID: "ecomctl", MetadataTTL: c.Refresh, MetadataTopics: []string{c.Topic}, TLS: c.TLS, SASL: c.SASL}
	return &kafkago.Client{Addr: kafkago.TCP(c.Brokers...), Timeout: 15 * time.Second, Transport: t}, t
}

// dialer connects as the client does, for the group protocol.
func (c *Config) dialer() *kafkago.Dialer {
	return &kafkago.Dialer{ClientID: "ecomctl", Timeout: 5 * time.Second, DualStack: true, TLS: c.TLS, SASLMechanism: c.SASL, DialFunc: c.Dial}
}

// address names the topic in messages.
func (c *Config) address() string { return Scheme + strings.Join(c.Brokers, ",") + "/" + c.Topic }

// retry calls f until it succeeds, fails for good, or the broker has not answered for as long as
// Patience. The pauses grow, and differ by chance.
func (c *Config) retry(ctx context.Context, what string, f func(ctx context.Context) error) error {
	began, pause := c.Now(), 50*time.Millisecond
	for try := 1; ; try++ {
		one, cancel := context.WithTimeout(ctx, 15*time.Second)
		err := f(one)
		cancel()
		if err == nil || ctx.Err() != nil || !passing(err) {
			return c.told(what, err)
		}
		if c.Now().Sub(began) > c.Patience {
			return fault.New(fault.Unavailable, "%s: no answer in %d tries over %s: %w", what, try, c.Patience, err).
				WithHint("is a broker at %s up and reachable, and does it want a user or TLS (kafka_user, kafka_tls)? then run the same command again", strings.Join(c.Brokers, ", "))
		}
		if !backoff.Sleep(ctx, pause/2+rand.N(pause)) { //nolint:gosec // spreads retries
			return ctx.Err()
		}
		pause = min(2*pause, 3*time.Second)
	}
}

// passing errors may be gone at the next try: those of the network and those that Kafka calls
// temporary.
func passing(err error) bool {
	var code kafkago.Error
	if fault.KindOf(err) == fault.NotFound {
		return false
	}
	if isInsecure(err) {
		return false
	}
	if errors.As(err, &code) {
		return code.Temporary() || code.Timeout() || code == kafkago.Unknown
	}
	return true
}

// told gives an error of Kafka its kind and remedy.
func (c *Config) told(what string, err error) error {
	var code kafkago.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &code):
	case isInsecure(err):
		return fault.New(fault.Auth, "%s: %w", what, err).WithHint("do TLS and its certificates fit the brokers' listener? kafka_tls is on, off, or the file of their authorities")
	case fault.KindOf(err) != fault.Internal:
		return fault.Wrap(err, "%s", what)
	default:
		return fault.New(fault.Unavailable, "%s: %w", what, err)
	}
	switch code {
	case kafkago.UnknownTopicOrPartition:
		return fault.New(fault.NotFound, "%s: there is no such topic or partition", what).WithHint("is the topic's name right, and was it not deleted? list the topics with Kafka's own tools")
	case kafkago.SASLAuthenticationFailed, kafkago.UnsupportedSASLMechanism, kafkago.IllegalSASLState:
		return fault.New(fault.Auth, "%s: %w", what, code).WithHint("are kafka_user, kafka_password and kafka_sasl those of the brokers' listener?")
	case kafkago.TopicAuthorizationFailed, kafkago.GroupAuthorizationFailed, kafkago.ClusterAuthorizationFailed:
		return fault.New(fault.Auth, "%s: %w", what, code).WithHint("ask for the right to read the topic")
	}
	return fault.New(fault.Unavailable, "%s: %w", what, code)
}

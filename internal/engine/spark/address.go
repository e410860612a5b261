package spark

import (
	"net"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Address is where a Spark Connect server listens, and who calls.
type Address struct {
	Host  string // host:port
	TLS   bool
	Token string // secret
	User  string
}

// defaultPort is the port of Spark Connect.
const defaultPort = "15002"

// ParseAddress reads sc://HOST[:PORT][/;use_ssl=true;token=TOKEN;user_id=NAME], the form of Spark's own clients.
func ParseAddress(s, user string) (Address, error) {
	a := Address{User: user}
	rest, ok := strings.CutPrefix(s, "sc://")
	hostPort, params, _ := strings.Cut(rest, "/")
	if !ok || hostPort == "" {
		return a, fault.New(fault.Usage, "--spark %s: not the address of a Spark Connect server", a.redact(s)).WithHint("it looks like sc://HOST:15002")
	}
	a.Host = hostPort
	if _, _, err := net.SplitHostPort(hostPort); err != nil {
		a.Host = net.JoinHostPort(strings.Trim(hostPort, "[]"), defaultPort)
	}
	for _, p := range strings.Split(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		switch name {
		case "":
		case "use_ssl":
			a.TLS = value == "true"
		case "token":
			a.Token, a.TLS = value, true // Spark's own clients imply it as well
		case "user_id":
			a.User = value
		default:
			return a, fault.New(fault.Usage, "--spark: no parameter %q", name).WithHint("there are use_ssl, token and user_id: sc://HOST:15002/;use_ssl=true;token=…")
		}
	}
	return a, nil
}

// redact keeps parameters, which may hold a token, out of messages.
func (Address) redact(s string) string {
	s, _, cut := strings.Cut(s, ";")
	if cut {
		s += ";…"
	}
	return s
}

// String is the address without secrets.
func (a Address) String() string { return "sc://" + a.Host }

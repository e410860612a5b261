package spark

import (
	"net"
	"strconv"
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
	if told, _, _ := strings.Cut(rest, ";"); strings.Contains(told, "@") { // before anything of it is told
		return a, fault.New(fault.Usage, "--spark sc://…: users and passwords are not written into addresses").WithHint("there are token and user_id: sc://HOST:15002/;token=…;user_id=NAME")
	}
	if !ok || hostPort == "" {
		return a, fault.New(fault.Usage, "--spark %s: not the address of a Spark Connect server", a.redact(s)).WithHint("it looks like sc://HOST:15002")
	}
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		host, port = strings.Trim(hostPort, "[]"), defaultPort
	}
	if n, err := strconv.Atoi(port); host == "" || err != nil || n < 1 || n > 65535 {
		return a, fault.New(fault.Usage, "--spark %s: not the address of a Spark Connect server", a.redact(s)).WithHint("it looks like sc://HOST:15002")
	}
	a.Host = net.JoinHostPort(host, port)
	err = a.parameters(params)
	return a, err
}

// parameters reads what stands behind the host.
func (a *Address) parameters(list string) error {
	plain := false
	for _, p := range strings.Split(list, ";") {
		name, value, _ := strings.Cut(p, "=")
		switch name {
		case "":
		case "use_ssl":
			if value != "true" && value != "false" {
				return fault.New(fault.Usage, "--spark: use_ssl is true or false").WithHint("sc://HOST:15002/;use_ssl=true")
			}
			a.TLS, plain = value == "true", value == "false"
		case "token":
			a.Token, a.TLS = value, true // Spark's own clients imply it as well
		case "user_id":
			a.User = value
		default:
			return fault.New(fault.Usage, "--spark: no parameter %q", name).WithHint("there are use_ssl, token and user_id: sc://HOST:15002/;use_ssl=true;token=…")
		}
	}
	if plain && a.Token != "" {
		return fault.New(fault.Usage, "--spark: a token is not sent without TLS").WithHint("leave use_ssl=false out")
	}
	return nil
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

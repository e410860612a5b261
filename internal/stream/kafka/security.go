package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Security says how connections to brokers are secured. The zero value is not at all.
type Security struct {
	User, Password string
	SASL           string // plain, scram-sha-256 or scram-sha-512; "" is plain where there is a user
	TLS            string // "" or "off" = none, "on" = checked by the system's authorities, else the PEM file of authorities
	Cert, Key      string // PEM files of the client's own certificate
}

// Secure applies a security to a configuration.
func (c *Config) Secure(s Security) (err error) {
	if c.SASL, err = s.mechanism(); err != nil {
		return err
	}
	c.TLS, err = s.tls()
	return err
}

func (s Security) mechanism() (sasl.Mechanism, error) {
	if s.User == "" {
		if s.SASL != "" || s.Password != "" {
			return nil, fault.New(fault.Usage, "kafka_sasl and kafka_password need kafka_user")
		}
		return nil, nil
	}
	if s.Password == "" {
		return nil, fault.New(fault.Usage, "kafka_user %s has no kafka_password", s.User).WithHint("set ECOMCTL_KAFKA_PASSWORD, or kafka_password: ${NAME} or file:PATH")
	}
	switch s.SASL {
	case "", "plain":
		return plain.Mechanism{Username: s.User, Password: s.Password}, nil
	case "scram-sha-256":
		return prepared(scram.Mechanism(scram.SHA256, s.User, s.Password))
	case "scram-sha-512":
		return prepared(scram.Mechanism(scram.SHA512, s.User, s.Password))
	}
	return nil, fault.New(fault.Usage, "kafka_sasl %q is not known", s.SASL).WithHint("plain, scram-sha-256 or scram-sha-512")
}

// prepared tells that a user or password cannot be written as SCRAM wants it; what they are is not told.
func prepared(m sasl.Mechanism, err error) (sasl.Mechanism, error) {
	if err != nil {
		return nil, fault.New(fault.Usage, "kafka_user or kafka_password has characters that SCRAM does not allow")
	}
	return m, nil
}

func (s Security) tls() (*tls.Config, error) {
	if s.TLS == "" || s.TLS == "off" {
		if s.Cert != "" || s.Key != "" {
			return nil, fault.New(fault.Usage, "kafka_cert and kafka_key need kafka_tls")
		}
		return nil, nil
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.TLS != "on" {
		text, err := os.ReadFile(s.TLS)
		if err != nil {
			return nil, vfs.Classify(err, "reading kafka_tls "+s.TLS)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(text) {
			return nil, fault.New(fault.Input, "reading kafka_tls %s: it holds no certificate", s.TLS).WithHint("give a file of PEM certificates, or on")
		}
	}
	if s.Cert == "" && s.Key == "" {
		return conf, nil
	}
	own, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		return nil, fault.New(fault.Input, "reading kafka_cert %s and kafka_key %s: %w", s.Cert, s.Key, err)
	}
	conf.Certificates = []tls.Certificate{own}
	return conf, nil
}

// unsecured are the beginnings of errors of a client and a broker that do not agree on security.
var unsecured = []string{"tls: ", "x509: ", "remote error: tls", "broker appears to be expecting TLS", "first record does not look like a TLS handshake"}

// isInsecure reports whether an error will not pass, for security is set otherwise at the broker.
func isInsecure(err error) bool {
	for _, s := range unsecured {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

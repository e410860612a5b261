package kafka

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Property is a setting of Kafka's own clients, by its name in their documentation.
type Property struct {
	Name, Value string
	Secret      bool
}

// Properties says the same to Kafka's own clients, which run elsewhere: certificates and the key are in the values, not files.
func (s Security) Properties() (list []Property, err error) {
	if _, err := s.mechanism(); err != nil {
		return nil, err
	}
	conf, err := s.tls()
	if err != nil {
		return nil, err
	}
	protocol := map[[2]bool]string{{false, false}: "", {false, true}: "SSL", {true, false}: "SASL_PLAINTEXT", {true, true}: "SASL_SSL"}[[2]bool{s.User != "", conf != nil}]
	if protocol == "" {
		return nil, nil
	}
	list = []Property{{Name: "security.protocol", Value: protocol}}
	if s.User != "" {
		login, err := s.jaas()
		if err != nil {
			return nil, err
		}
		list = append(list, Property{Name: "sasl.mechanism", Value: strings.ToUpper(cmp.Or(s.SASL, "plain"))}, Property{Name: "sasl.jaas.config", Value: login, Secret: true})
	}
	if conf == nil {
		return list, nil
	}
	if s.TLS != "on" {
		authorities, err := os.ReadFile(s.TLS)
		if err != nil {
			return nil, vfs.Classify(err, "reading kafka_tls "+s.TLS)
		}
		list = append(list, Property{Name: "ssl.truststore.type", Value: "PEM"}, Property{Name: "ssl.truststore.certificates", Value: certificates(authorities)})
	}
	if len(conf.Certificates) == 0 {
		return list, nil
	}
	chain, key, err := pems(conf.Certificates[0])
	if err != nil {
		return nil, fault.New(fault.Input, "reading kafka_key %s: %w", s.Key, err)
	}
	return append(list, Property{Name: "ssl.keystore.type", Value: "PEM"}, Property{Name: "ssl.keystore.certificate.chain", Value: chain}, Property{Name: "ssl.keystore.key", Value: key, Secret: true}), nil
}

// jaas is how Java's clients are told a user and a password.
func (s Security) jaas() (string, error) {
	module := "plain.PlainLoginModule"
	if strings.HasPrefix(s.SASL, "scram-") {
		module = "scram.ScramLoginModule"
	}
	for _, v := range []string{s.User, s.Password} {
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r >= 0x7f }) { // Java's parser of this text knows no others for sure
			return "", fault.New(fault.Usage, "kafka_user or kafka_password has characters that Java's clients cannot be told").WithHint("use letters, digits and signs of ASCII")
		}
	}
	quote := func(v string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"` }
	return "org.apache.kafka.common.security." + module + " required username=" + quote(s.User) + " password=" + quote(s.Password) + ";", nil
}

// certificates are those of a PEM text, without what else it holds.
func certificates(text []byte) string {
	var out []byte
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return string(out)
		}
		if b.Type == "CERTIFICATE" {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: b.Type, Bytes: b.Bytes})...)
		}
	}
}

// pems writes a certificate and its key as Java's clients read them: the key as PKCS #8.
func pems(own tls.Certificate) (chain, key string, err error) {
	for _, der := range own.Certificate {
		chain += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	return chain, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Secured is a Kafka broker's further listeners, for users without TLS and with it.
type Secured struct {
	WithTLS, NoTLS  string // host:port
	CA, Cert, Other string // PEM files: the authority, the broker's own certificate and key, an authority that it is not of
	Properties      string // file for KAFKA_PROPERTIES
}

// The user that the listeners let in.
const (
	KafkaUser     = "shop"
	KafkaPassword = "geheim-4711"
)

// SecureKafka writes certificates and the settings of a broker into a folder. The broker listens without security on address, its
// controller on the port controller; base and the port after it are free.
func SecureKafka(dir, address string, controller, base int) (s Secured, err error) {
	s = Secured{NoTLS: fmt.Sprintf("127.0.0.1:%d", base), WithTLS: fmt.Sprintf("127.0.0.1:%d", base+1), CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "broker.pem"),
		Other: filepath.Join(dir, "other.pem"), Properties: filepath.Join(dir, "properties")}
	if err := certificate(s.CA, s.Cert); err != nil {
		return s, err
	}
	if err := certificate(s.Other, filepath.Join(dir, "unused.pem")); err != nil {
		return s, err
	}
	plain := fmt.Sprintf("org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"x\" user_%s=\"%s\";", KafkaUser, KafkaPassword)
	text := strings.Join([]string{
		fmt.Sprintf("listeners=PLAINTEXT://%s,CONTROLLER://127.0.0.1:%d,SASL_PLAINTEXT://%s,SASL_SSL://%s", address, controller, s.NoTLS, s.WithTLS),
		fmt.Sprintf("advertised.listeners=PLAINTEXT://%s,SASL_PLAINTEXT://%s,SASL_SSL://%s", address, s.NoTLS, s.WithTLS),
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
		"listener.name.sasl_plaintext.plain.sasl.jaas.config=" + plain,
		"listener.name.sasl_ssl.plain.sasl.jaas.config=" + plain,
		"listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + s.Cert, "ssl.truststore.type=PEM", "ssl.truststore.location=" + s.CA, "ssl.client.auth=requested", ""}, "\n")
	return s, os.WriteFile(s.Properties, []byte(text), 0o600)
}

// certificate makes an authority, and a broker's key and certificate in one file.
func certificate(ca, broker string) error {
	key := func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
	caKey, err := key()
	if err != nil {
		return err
	}
	ownKey, err := key()
	if err != nil {
		return err
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &caKey.PublicKey, caKey)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &ownKey.PublicKey, caKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(ownKey)
	if err != nil {
		return err
	}
	rootPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER})...)
	if err := os.WriteFile(ca, rootPEM, 0o600); err != nil {
		return err
	}
	return os.WriteFile(broker, append(text, rootPEM...), 0o600)
}

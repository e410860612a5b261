package stream_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// secured is what is known of a broker's listeners with users.
type secured struct {
	dir             string // certificates
	withTLS, noTLS  string // host:port
	ca, cert, other string // PEM files: the authority, the broker's own, an authority that it is not of
}

const (
	user     = "shop"
	password = "geheim-4711"
)

// secure gives the broker two listeners more: users without TLS, and with it.
func (b *broker) secure(taken int) (err error) {
	if b.dir, err = os.MkdirTemp("", "ecomctl-stream-tls-"); err != nil {
		return err
	}
	base := taken
	for base == taken || base == taken+1 || base+1 == taken {
		if base, err = freePorts(); err != nil {
			return err
		}
	}
	b.noTLS, b.withTLS = fmt.Sprintf("127.0.0.1:%d", base), fmt.Sprintf("127.0.0.1:%d", base+1)
	b.ca, b.cert, b.other = filepath.Join(b.dir, "ca.pem"), filepath.Join(b.dir, "broker.pem"), filepath.Join(b.dir, "other.pem")
	if err := certificate(b.ca, b.cert); err != nil {
		return err
	}
	if err := certificate(b.other, filepath.Join(b.dir, "unused.pem")); err != nil {
		return err
	}
	plain := fmt.Sprintf("org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"x\" user_%s=\"%s\";", user, password)
	text := strings.Join([]string{
		fmt.Sprintf("listeners=PLAINTEXT://%s,CONTROLLER://127.0.0.1:%d,SASL_PLAINTEXT://%s,SASL_SSL://%s", b.address, taken+1, b.noTLS, b.withTLS),
		fmt.Sprintf("advertised.listeners=PLAINTEXT://%s,SASL_PLAINTEXT://%s,SASL_SSL://%s", b.address, b.noTLS, b.withTLS),
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
		"listener.name.sasl_plaintext.plain.sasl.jaas.config=" + plain,
		"listener.name.sasl_ssl.plain.sasl.jaas.config=" + plain,
		"listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + b.cert, ""}, "\n")
	path := filepath.Join(b.dir, "properties")
	b.env = append(b.env, "KAFKA_PROPERTIES="+path)
	return os.WriteFile(path, []byte(text), 0o600)
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

// security: users by PLAIN and SCRAM, TLS with the right authority and the wrong one, and no password in what is said.
func security(t *testing.T, b *broker) {
	topic, out := b.topic(t, "secured", 1), b.topic(t, "out", 1)
	b.send(t, topic, 0, hour(9, 0, 1), hour(9, 1, 2))
	salt := []byte("some salt")
	hashed, err := pbkdf2.Key(sha512.New, password, salt, 4096, sha512.Size)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "making a user", func(ctx context.Context) error {
		r, err := b.client().AlterUserScramCredentials(ctx, &kafkago.AlterUserScramCredentialsRequest{Upsertions: []kafkago.UserScramCredentialsUpsertion{
			{Name: user, Mechanism: kafkago.ScramMechanismSha512, Iterations: 4096, Salt: salt, SaltedPassword: hashed}}})
		if err != nil {
			return err
		}
		return r.Results[0].Error
	})
	for _, c := range []struct {
		name, address string
		env           []string
		want          string // in what is said; "" = it works
	}{
		{"plain", b.noTLS, []string{"ECOMCTL_KAFKA_USER=" + user, "ECOMCTL_KAFKA_PASSWORD=" + password}, ""},
		{"scram", b.noTLS, []string{"ECOMCTL_KAFKA_USER=" + user, "ECOMCTL_KAFKA_PASSWORD=${SECRET}", "SECRET=" + password, "ECOMCTL_KAFKA_SASL=scram-sha-512"}, ""},
		{"plain by TLS", b.withTLS, []string{"ECOMCTL_KAFKA_USER=" + user, "ECOMCTL_KAFKA_PASSWORD=" + password, "ECOMCTL_KAFKA_TLS=" + b.ca}, ""},
		{"with a certificate", b.withTLS, []string{"ECOMCTL_KAFKA_USER=" + user, "ECOMCTL_KAFKA_PASSWORD=" + password, "ECOMCTL_KAFKA_TLS=" + b.ca, "ECOMCTL_KAFKA_CERT=" + b.cert, "ECOMCTL_KAFKA_KEY=" + b.cert}, ""},
		{"wrong password", b.noTLS, []string{"ECOMCTL_KAFKA_USER=" + user, "ECOMCTL_KAFKA_PASSWORD=" + password + "x"}, "are kafka_user, kafka_password and kafka_sasl those of"},
		{"wrong password, scram", b.noTLS, []string{"ECOMCTL_KAFKA_USER=" + user, "ECOMCTL_KAFKA_PASSWORD=" + password + "x", "ECOMCTL_KAFKA_SASL=scram-sha-512"}, "are kafka_user, kafka_password and kafka_sasl those of"},
		{"no password", b.noTLS, []string{"ECOMCTL_KAFKA_USER=" + user}, "has no kafka_password"},
		{"another authority", b.withTLS, []string{"ECOMCTL_KAFKA_USER=" + user, "ECOMCTL_KAFKA_PASSWORD=" + password, "ECOMCTL_KAFKA_TLS=" + b.other}, "do TLS and its certificates fit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := t.TempDir()
			cmd := exec.Command(program(t), "stream", "kafka://"+c.address+"/"+topic, "--window", "1h", "--to-end", "--checkpoint", state, "--group", "g"+topic, "-o", "kafka://"+c.address+"/"+out)
			var said bytes.Buffer
			cmd.Stderr = &said
			cmd.Env = append(append(os.Environ(), "ECOMCTL_NOW=2026-01-15T06:00:00Z"), c.env...)
			err := cmd.Run()
			if c.want == "" && (err != nil || !strings.Contains(said.String(), "records in 2 = 2 counted")) || c.want != "" && (err == nil || !strings.Contains(said.String(), c.want)) {
				t.Errorf("%v\n%s", err, said.String())
			}
			if strings.Contains(said.String(), password) {
				t.Errorf("the password is told:\n%s", said.String())
			}
		})
	}
	if n := len(b.dump(t, out, 1)); n != 4 {
		t.Errorf("%d windows were written by 4 runs", n)
	}
}

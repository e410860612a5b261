package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// TestProperties: what is said to Java's clients is what the settings say, quoted as JAAS wants it.
func TestProperties(t *testing.T) {
	const plain = "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"shop\" password="
	for _, c := range []struct {
		security Security
		want     []string
	}{
		{Security{}, nil},
		{Security{TLS: "off"}, nil},
		{Security{TLS: "on"}, []string{"security.protocol=SSL"}},
		{Security{User: "shop", Password: "x"}, []string{"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", "sasl.jaas.config=" + plain + "\"x\";"}},
		{Security{User: "shop", Password: `a"b\c;'`, TLS: "on"}, []string{"security.protocol=SASL_SSL", "sasl.mechanism=PLAIN", "sasl.jaas.config=" + plain + `"a\"b\\c;'";`}},
		{Security{User: "shop", Password: "x", SASL: "scram-sha-512"}, []string{"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=SCRAM-SHA-512",
			"sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"shop\" password=\"x\";"}},
	} {
		list, err := c.security.Properties()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range list {
			got = append(got, p.Name+"="+p.Value)
			if p.Secret != (p.Name == "sasl.jaas.config") {
				t.Errorf("%s: secret is %t", p.Name, p.Secret)
			}
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%v:\n%q\nwanted\n%q", c.security, got, c.want)
		}
	}
	for _, bad := range []Security{{User: "shop", Password: "ü"}, {User: "a\nb", Password: "x"}, {Password: "x"}, {User: "shop", Password: "x", SASL: "oauth"}, {Cert: "c"}} {
		if _, err := bad.Properties(); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := (Security{TLS: "nowhere.pem"}).Properties(); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// TestPropertiesOfFiles: certificates and key travel in the values, the key as PKCS #8 whatever it is in its file.
func TestPropertiesOfFiles(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop"}}
	der, err := x509.CreateCertificate(rand.Reader, own, own, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s := Security{TLS: file("ca.pem", []byte("the authority of the test:\n"+string(cert))), Cert: file("cert.pem", cert), Key: file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}))}
	list, err := s.Properties()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range list {
		got[p.Name] = p.Value
		if p.Secret != (p.Name == "ssl.keystore.key") {
			t.Errorf("%s: secret is %t", p.Name, p.Secret)
		}
	}
	if got["security.protocol"] != "SSL" || got["ssl.truststore.type"] != "PEM" || got["ssl.keystore.type"] != "PEM" || got["ssl.truststore.certificates"] != string(cert) || got["ssl.keystore.certificate.chain"] != string(cert) {
		t.Errorf("%q", got)
	}
	b, _ := pem.Decode([]byte(got["ssl.keystore.key"]))
	if b == nil || b.Type != "PRIVATE KEY" {
		t.Fatalf("%q", got["ssl.keystore.key"])
	}
	if again, err := x509.ParsePKCS8PrivateKey(b.Bytes); err != nil || !key.Equal(again) {
		t.Error(fmt.Sprint("another key: ", err))
	}
}

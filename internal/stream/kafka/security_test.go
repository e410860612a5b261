package kafka

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// TestSecure: what cannot be meant is refused, with a hint and without the password.
func TestSecure(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		s    Security
		kind fault.Kind
	}{
		"password without user":   {Security{Password: "geheim"}, fault.Usage},
		"user without password":   {Security{User: "u"}, fault.Usage},
		"unknown mechanism":       {Security{User: "u", Password: "geheim", SASL: "gssapi"}, fault.Usage},
		"control character":       {Security{User: "u", Password: "geheim\x00", SASL: "scram-sha-256"}, fault.Usage},
		"no such file":            {Security{TLS: junk + "x"}, fault.NotFound},
		"no certificate":          {Security{TLS: junk}, fault.Input},
		"certificate without TLS": {Security{Cert: junk, Key: junk}, fault.Usage},
		"junk certificate":        {Security{TLS: "on", Cert: junk, Key: junk}, fault.Input},
	} {
		var conf Config
		if err := conf.Secure(c.s); fault.KindOf(err) != c.kind || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var conf Config
	if err := conf.Secure(Security{TLS: "off"}); err != nil || conf.TLS != nil || conf.SASL != nil {
		t.Errorf("%+v, %v", conf, err)
	}
	if err := conf.Secure(Security{User: "u", Password: "p", TLS: "on"}); err != nil || conf.TLS == nil || conf.SASL.Name() != "PLAIN" {
		t.Errorf("%+v, %v", conf, err)
	}
}

package stream_test

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha512"
	"os"
	"os/exec"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/ecomctl/ecomctl/test/harness"
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
	b.Secured, err = harness.SecureKafka(b.dir, b.address, taken+1, base)
	b.env = append(b.env, "KAFKA_PROPERTIES="+b.Properties)
	return err
}

// security: users by PLAIN and SCRAM, TLS with the right authority and the wrong one, and no password in what is said.
func security(t *testing.T, b *broker) {
	topic, out := b.topic(t, "secured", 1), b.topic(t, "out", 1)
	b.send(t, topic, 0, hour(9, 0, 1), hour(9, 1, 2))
	salt := []byte("some salt")
	hashed, err := pbkdf2.Key(sha512.New, harness.KafkaPassword, salt, 4096, sha512.Size)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "making a user", func(ctx context.Context) error {
		r, err := b.client().AlterUserScramCredentials(ctx, &kafkago.AlterUserScramCredentialsRequest{Upsertions: []kafkago.UserScramCredentialsUpsertion{
			{Name: harness.KafkaUser, Mechanism: kafkago.ScramMechanismSha512, Iterations: 4096, Salt: salt, SaltedPassword: hashed}}})
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
		{"plain", b.NoTLS, []string{"ECOMCTL_KAFKA_USER=" + harness.KafkaUser, "ECOMCTL_KAFKA_PASSWORD=" + harness.KafkaPassword}, ""},
		{"scram", b.NoTLS, []string{"ECOMCTL_KAFKA_USER=" + harness.KafkaUser, "ECOMCTL_KAFKA_PASSWORD=${SECRET}", "SECRET=" + harness.KafkaPassword, "ECOMCTL_KAFKA_SASL=scram-sha-512"}, ""},
		{"plain by TLS", b.WithTLS, []string{"ECOMCTL_KAFKA_USER=" + harness.KafkaUser, "ECOMCTL_KAFKA_PASSWORD=" + harness.KafkaPassword, "ECOMCTL_KAFKA_TLS=" + b.CA}, ""},
		{"with a certificate", b.WithTLS, []string{"ECOMCTL_KAFKA_USER=" + harness.KafkaUser, "ECOMCTL_KAFKA_PASSWORD=" + harness.KafkaPassword, "ECOMCTL_KAFKA_TLS=" + b.CA, "ECOMCTL_KAFKA_CERT=" + b.Cert, "ECOMCTL_KAFKA_KEY=" + b.Cert}, ""},
		{"wrong password", b.NoTLS, []string{"ECOMCTL_KAFKA_USER=" + harness.KafkaUser, "ECOMCTL_KAFKA_PASSWORD=" + harness.KafkaPassword + "x"}, "are kafka_user, kafka_password and kafka_sasl those of"},
		{"wrong password, scram", b.NoTLS, []string{"ECOMCTL_KAFKA_USER=" + harness.KafkaUser, "ECOMCTL_KAFKA_PASSWORD=" + harness.KafkaPassword + "x", "ECOMCTL_KAFKA_SASL=scram-sha-512"}, "are kafka_user, kafka_password and kafka_sasl those of"},
		{"no password", b.NoTLS, []string{"ECOMCTL_KAFKA_USER=" + harness.KafkaUser}, "has no kafka_password"},
		{"another authority", b.WithTLS, []string{"ECOMCTL_KAFKA_USER=" + harness.KafkaUser, "ECOMCTL_KAFKA_PASSWORD=" + harness.KafkaPassword, "ECOMCTL_KAFKA_TLS=" + b.Other}, "do TLS and its certificates fit"},
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
			if strings.Contains(said.String(), harness.KafkaPassword) {
				t.Errorf("the password is told:\n%s", said.String())
			}
		})
	}
	if n := len(b.dump(t, out, 1)); n != 4 {
		t.Errorf("%d windows were written by 4 runs", n)
	}
}

package flink_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/ecomctl/ecomctl/internal/cli"
	"github.com/ecomctl/ecomctl/internal/term"
)

// ports finds so many free ports in a row, below those that the system gives to connections.
func ports(t *testing.T, n int) int {
	t.Helper()
	for range 1000 {
		base, open := 10000+10*rand.IntN(2200), 0
		for i := range n {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+i))
			if err != nil {
				break
			}
			defer l.Close()
			open++
		}
		if open == n {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// service is one of scripts/services that a test started.
type service struct {
	folder string
	env    []string
}

// prepare installs a service of our own, which is stopped with the test. Where it cannot be installed the test is
// skipped; with ECOMCTL_REQUIRE_SERVICES=1 it fails.
func prepare(t *testing.T, folder string, port int) *service {
	t.Helper()
	word := strings.ToUpper(folder)
	s := &service{folder, append(os.Environ(), fmt.Sprintf("%s_PORT_BASE=%d", word, port), fmt.Sprintf("%s_INSTANCE=flinktest%d", word, os.Getpid()))}
	if out, err := s.run("install.sh"); err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatalf("%s: %v\n%s", folder, err, out)
		}
		t.Skipf("%s is not here: %s", folder, out)
	}
	t.Cleanup(func() { s.must(t, "stop.sh", "--clean") })
	return s
}

func (s *service) run(script string, args ...string) (string, error) {
	c := exec.Command("bash", append([]string{"../../scripts/services/" + s.folder + "/" + script}, args...)...)
	c.Env = s.env
	out, err := c.CombinedOutput()
	return string(out), err
}

func (s *service) must(t *testing.T, script string, args ...string) {
	t.Helper()
	if out, err := s.run(script, args...); err != nil {
		t.Errorf("%s/%s: %v\n%s", s.folder, script, err, out)
	}
}

// ecomctl runs a command within the test.
func ecomctl(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	app := &cli.App{IO: &term.IO{In: bytes.NewReader(nil), Out: &out, Err: &errs}, Getenv: os.Getenv, Now: time.Now}
	if code := app.Run(ctx, args); code != want {
		t.Fatalf("ecomctl %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, errs.String())
	}
	return out.String(), errs.String()
}

// eventually repeats what takes a while on a machine with much to do.
func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	deadline := time.Now().Add(6 * time.Minute)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// topic makes a topic.
func topic(t *testing.T, broker, name string, partitions int) {
	t.Helper()
	c := &kafkago.Client{Addr: kafkago.TCP(broker), Timeout: 5 * time.Second}
	eventually(t, "making "+name, func() error {
		r, err := c.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}}})
		if err != nil {
			return err
		}
		if err := r.Errors[name]; err != nil && !strings.Contains(err.Error(), "already exists") {
			return err
		}
		m, err := c.Metadata(t.Context(), &kafkago.MetadataRequest{Topics: []string{name}})
		if err == nil && (len(m.Topics) != 1 || len(m.Topics[0].Partitions) != partitions) {
			err = fmt.Errorf("%+v", m.Topics)
		}
		return err
	})
}

// send writes records to a partition, in their order.
func send(t *testing.T, broker, name string, partition int, values [][]byte) {
	t.Helper()
	w := &kafkago.Writer{Addr: kafkago.TCP(broker), Topic: name, RequiredAcks: kafkago.RequireAll, BatchSize: 1000, BatchTimeout: 5 * time.Millisecond,
		Transport: &kafkago.Transport{}, Balancer: kafkago.BalancerFunc(func(kafkago.Message, ...int) int { return partition })}
	defer w.Close()
	msgs := make([]kafkago.Message, len(values))
	for i, v := range values {
		msgs[i].Value = v
	}
	eventually(t, "sending to "+name, func() error { return w.WriteMessages(t.Context(), msgs...) })
}

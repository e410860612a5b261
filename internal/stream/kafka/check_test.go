package kafka

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// TestCheckNobodyThere: without a broker the check ends when its patience does, naming address, cause and cure.
func TestCheckNobodyThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conf := Config{Brokers: []string{"broker:9092"}, Topic: "orders", Patience: 2 * time.Second, Now: time.Now,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "broker"}}
			}}
		begun := time.Now()
		_, err := Check(t.Context(), conf)
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "kafka://broker:9092/orders") || !strings.Contains(err.Error(), "no such host") || !strings.Contains(fault.HintOf(err), "broker:9092") {
			t.Errorf("%v; %s", err, fault.HintOf(err))
		}
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

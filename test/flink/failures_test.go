package flink_test

import (
	"net"
	"strings"
	"testing"
)

// failures are told with service, address, cause and remedy.
func failures(t *testing.T, s *stage) {
	topic(t, s.broker, "few", 1)
	topic(t, s.broker, "none", 1)
	list, last := generate(2, 50)
	send(t, s.broker, "few", 0, list)
	url := s.database("failures")
	count := func(name, gateway string, more ...string) []string {
		return append([]string{"stream", "kafka://" + s.broker + "/" + name, "--engine", "flink", "--gateway", gateway, "--window", "1h", "-o", url + "?table=hours"}, more...)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	_ = l.Close()
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{count("few", nobody), 1, []string{nobody, "SQL Gateway", "--gateway"}},
		{count("few", s.cluster), 1, []string{s.cluster, "SQL Gateway"}}, // the JobManager's port
		{count("missing", s.gateway), 1, []string{"missing", "no such topic"}},
		{count("none", s.gateway), 1, []string{"none", "first orders"}},
		{count("few", s.gateway, "--late", "late.ndjson"), 2, []string{"--late", "numLateRecordsDropped"}},
		{count("few", s.gateway, "--allowed-lateness", "1h"), 2, []string{"--allowed-lateness", "--delay"}},
		{count("few", s.gateway, "--by", "unit_price"), 2, []string{"unit_price", "whole numbers"}},
		{count("few", s.gateway, "--by", "city"), 2, []string{"city"}},
		{[]string{"flink", "status", "--flink", nobody}, 1, []string{nobody, "JobManager", "--flink"}},
		{[]string{"flink", "cancel", "ffff", "--flink", s.cluster}, 1, []string{"ffff", "flink status"}},
	} {
		_, said := ecomctl(t, c.code, c.args...)
		for _, w := range c.want {
			if !strings.Contains(said, w) {
				t.Errorf("ecomctl %s: %q is not in: %s", strings.Join(c.args, " "), w, said)
			}
		}
		if strings.Contains(said, "shop:shop") || strings.Contains(said, "\tat ") {
			t.Errorf("ecomctl %s: %s", strings.Join(c.args, " "), said)
		}
	}
	// a table of another shape is refused, and a job that loses its table says so
	ecomctl(t, 0, count("few", s.gateway, "--explain")...)
	out, _ := ecomctl(t, 0, count("few", s.gateway, "--idle-timeout", "0s", "--checkpoint-interval", "1s")...)
	job := strings.TrimSpace(out)
	if _, said := ecomctl(t, 2, count("few", s.gateway, "--by", "region")...); !strings.Contains(said, "row_key") {
		t.Error(said)
	}
	s.db.Admin("DROP TABLE `shop_failures`.`hours`")
	send(t, s.broker, "few", 0, [][]byte{last})
	eventually(t, "the failure", func() error {
		return s.status(t, job, func(j status) bool { return strings.Contains(j.Failure, "hours' doesn't exist") })
	})
	ecomctl(t, 0, "flink", "cancel", job, "--flink", s.cluster)
}

package stream_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestKafka(t *testing.T) {
	b := kafka(t)
	t.Run("aborted transactions", func(t *testing.T) { abortedTransactions(t, b) })
	t.Run("poison", func(t *testing.T) { poison(t, b) })
	t.Run("the commands of the page", func(t *testing.T) { page(t, b) })
	t.Run("users and TLS", func(t *testing.T) { security(t, b) })
	t.Run("no topic", func(t *testing.T) { noTopic(t, b) })
	t.Run("out of range", func(t *testing.T) { outOfRange(t, b) })
	t.Run("partition added", func(t *testing.T) { partitionAdded(t, b) })
	t.Run("topic vanishes", func(t *testing.T) { topicVanishes(t, b) })
	t.Run("a topic comes back with more partitions", func(t *testing.T) { comesBack(t, b) })
	t.Run("a connection stalls", func(t *testing.T) { stalls(t, b) })
}

// abortedTransactions: what was aborted is not counted, markers are no records, a transaction that is
// open holds reading back, and the identity knows all of it.
func abortedTransactions(t *testing.T, b *broker) {
	topic := b.topic(t, "txn", 2)
	one, two := b.transactions(t, topic+"-a"), b.transactions(t, topic+"-b")
	one.add(t, topic, 0, line("1", "a", "2026-01-01T10:00:00", 10), line("2", "b", "2026-01-01T10:01:00", 20))
	one.end(t, true)
	one.add(t, topic, 0, line("3", "c", "2026-01-01T10:02:00", 1000), line("4", "d", "2026-01-01T10:02:00", 1000))
	two.add(t, topic, 0, line("5", "e", "2026-01-01T10:03:00", 5)) // between the records of an aborted one
	b.send(t, topic, 0, line("6", "f", "2026-01-01T10:04:00", 6))  // in no transaction
	one.add(t, topic, 0, line("7", "g", "2026-01-01T10:05:00", 1000))
	one.add(t, topic, 1, line("8", "h", "2026-01-01T10:05:00", 1000))
	one.end(t, false)
	two.end(t, true)
	one.add(t, topic, 1, line("9", "a", "2026-01-01T10:06:00", 9))
	one.end(t, true)
	two.add(t, topic, 1, line("10", "z", "2026-01-01T10:07:00", 1000)) // never ended
	out, said := run(t, nil, "stream", b.uri(topic), "--window", "1h", "--to-end")
	if want := text("window_start,window_end,revenue,orders,units,customers,revision", "2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,50,5,5,4,0"); out != want {
		t.Fatalf("got\n%swanted\n%s%s", out, want, said)
	}
	records, counted, _, _, dead, aborted := counts(t, said)
	if records != 9 || counted != 5 || dead != 0 || aborted != 4 {
		t.Fatal(said)
	}
	two.end(t, false)
}

// poison: records that are no orders become dead letters with their place, and reading goes on.
func poison(t *testing.T, b *broker) {
	topic := b.topic(t, "poison", 1)
	long := append([]byte(`{"order_id":"`), bytes.Repeat([]byte("x"), 3<<20)...)
	b.send(t, topic, 0, line("1", "a", "2026-01-01T10:00:00", 10), nil, []byte("\xff\x00junk"), []byte(`{"order_id":"2"}`), []byte("[1,2]"), long,
		[]byte("{\n \"order_id\": \"3\", \"order_ts\": \"2026-01-01T10:30:00\",\r\n \"customer_id\": \"a\", \"product_id\": \"p\", \"quantity\": 1, \"unit_price\": 2.5}\n"),
		line("4", "b", "2126-01-01T10:00:00", 10), line("5", "b", "2026-01-01T10:59:00", 1))
	dead := filepath.Join(t.TempDir(), "dead.ndjson")
	out, said := run(t, nil, "stream", b.uri(topic), "--window", "1h", "--to-end", "--dead-letters", dead, "--max-rejects", "1")
	if !strings.Contains(out, "\n2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,13.5,3,3,2,0\n") {
		t.Fatalf("%s%s", out, said)
	}
	if !strings.Contains(said, "dead letters: 1 empty, 1 future, 2 malformed, 1 no_time, 1 too_long") {
		t.Fatal(said)
	}
	// they come back as they were, and are poison again
	again := b.topic(t, "again", 1)
	run(t, nil, "stream", "redrive", dead, "-o", b.uri(again), "--cause", "malformed,future")
	values := map[string]bool{}
	for _, m := range b.dump(t, again, 1) {
		values[string(m.Value)] = true
	}
	if len(values) != 3 || !values["\xff\x00junk"] || !values["[1,2]"] || !values[string(line("4", "b", "2126-01-01T10:00:00", 10))] {
		t.Fatalf("%v", values)
	}
}

// page runs the commands with Kafka that docs/stream.md shows.
func page(t *testing.T, b *broker) {
	text, err := os.ReadFile("../../docs/stream.md")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "run", "../../scripts/services/kafka/topic", b.uri("orders")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b.create(t, "minutes", 1)
	dir := t.TempDir()
	orders := filepath.Join(dir, "orders.ndjson")
	if err := os.WriteFile(orders, append(bytes.Join([][]byte{hour(9, 0, 1), hour(9, 1, 2), hour(9, 0, 3)}, []byte("\n")), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "minutes")
	n := 0
	for l := range strings.Lines(string(text)) {
		if args, ok := strings.CutPrefix(l, "    ecomctl "); ok && strings.Contains(args, "kafka://") {
			args = strings.ReplaceAll(strings.ReplaceAll(args, "broker:9092", b.address), "--checkpoint ", "--checkpoint "+state+"-")
			args = strings.NewReplacer("-o hours2.csv", "-o "+state+".csv", "orders.ndjson", orders, "--state ", "--state "+state+"-").Replace(args)
			run(t, nil, strings.Fields(args)...)
			n++
		}
	}
	if rows := b.dump(t, "minutes", 1); n != 3 || len(rows) != 2 || string(rows[0].Key) != `["2026-01-01T09:00:00Z","SP"]` {
		t.Fatalf("%d commands, %d rows", n, len(rows))
	}
}

package stream_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/ecomctl/ecomctl/test/harness"
)

const scripts = "../../scripts/services/kafka"

// broker is a Kafka broker of this test run.
type broker struct {
	address string // host:port
	env     []string
	dir     string // of certificates
	harness.Secured
}

var (
	brokerOnce sync.Once
	theBroker  *broker
	brokerErr  error
)

// kafka starts the broker that scripts/services/kafka installs. Without Java or Maven the tests are
// skipped, naming what is missing; where services are required they fail.
func kafka(t *testing.T) *broker {
	t.Helper()
	brokerOnce.Do(func() { theBroker, brokerErr = startBroker() })
	if brokerErr != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" || os.Getenv("CI") != "" {
			t.Fatal(brokerErr)
		}
		t.Skipf("Kafka is not here: %v", brokerErr)
	}
	return theBroker
}

// startBroker starts a broker of our own, on ports that are free.
func startBroker() (*broker, error) {
	port, err := freePorts()
	if err != nil {
		return nil, err
	}
	b := &broker{address: fmt.Sprintf("127.0.0.1:%d", port), env: append(os.Environ(), fmt.Sprintf("KAFKA_PORT_BASE=%d", port), fmt.Sprintf("KAFKA_INSTANCE=test%d", os.Getpid()))}
	if err := b.secure(port); err != nil {
		return nil, err
	}
	if err := b.script("install.sh"); err != nil {
		return nil, err
	}
	return b, b.script("start.sh")
}

// freePorts finds two ports in a row that nobody has.
func freePorts() (int, error) {
	for range 50 {
		a, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := a.Addr().(*net.TCPAddr).Port
		b, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1))
		a.Close()
		if err == nil {
			b.Close()
			return port, nil
		}
	}
	return 0, errors.New("no two free ports in a row")
}

// script runs a script of the service.
func (b *broker) script(name string, args ...string) error {
	c := exec.Command("bash", append([]string{scripts + "/" + name}, args...)...)
	c.Env = b.env
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// uri is a topic as ecomctl writes it.
func (b *broker) uri(topic string) string { return "kafka://" + b.address + "/" + topic }

// client talks to the broker.
func (b *broker) client() *kafkago.Client {
	return &kafkago.Client{Addr: kafkago.TCP(b.address), Timeout: 5 * time.Second}
}

// eventually repeats what a broker that just started, or moves things about, may refuse.
func eventually(t *testing.T, what string, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for {
		err := f(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// topic makes a topic with so many partitions and returns its name.
func (b *broker) topic(t *testing.T, name string, partitions int) string {
	t.Helper()
	name = fmt.Sprintf("%s-%d", name, time.Now().UnixNano())
	b.create(t, name, partitions)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, _ = b.client().DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: []string{name}})
	})
	return name
}

// create makes a topic and waits until it has leaders.
func (b *broker) create(t *testing.T, name string, partitions int) {
	t.Helper()
	eventually(t, "making "+name, func(ctx context.Context) error {
		r, err := b.client().CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}}})
		if err == nil {
			err = r.Errors[name]
		}
		if errors.Is(err, kafkago.TopicAlreadyExists) {
			return nil
		}
		return err
	})
	b.await(t, name, partitions)
}

// await waits until a topic has so many partitions with leaders.
func (b *broker) await(t *testing.T, name string, partitions int) {
	t.Helper()
	eventually(t, "the leaders of "+name, func(ctx context.Context) error {
		m, err := b.client().Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{name}})
		if err != nil {
			return err
		}
		if len(m.Topics) != 1 || len(m.Topics[0].Partitions) != partitions {
			return fmt.Errorf("%+v", m.Topics)
		}
		for _, p := range m.Topics[0].Partitions {
			if p.Error != nil || p.Leader.Port == 0 {
				return fmt.Errorf("partition %d: %w", p.ID, p.Error)
			}
		}
		return nil
	})
}

// send writes values to a partition.
func (b *broker) send(t *testing.T, topic string, partition int, values ...[]byte) {
	t.Helper()
	w := &kafkago.Writer{Addr: kafkago.TCP(b.address), Topic: topic, RequiredAcks: kafkago.RequireAll, BatchSize: 1000, BatchTimeout: 5 * time.Millisecond, BatchBytes: 8 << 20, Compression: kafkago.Lz4,
		Transport: &kafkago.Transport{}, Balancer: kafkago.BalancerFunc(func(kafkago.Message, ...int) int { return partition })}
	defer w.Close()
	msgs := make([]kafkago.Message, len(values))
	for i, v := range values {
		msgs[i].Value = v
	}
	eventually(t, "sending to "+topic, func(ctx context.Context) error { return w.WriteMessages(ctx, msgs...) })
}

// dump reads all records of a topic that has no transactions, by the client's own reader.
func (b *broker) dump(t *testing.T, topic string, partitions int) (out []kafkago.Message) {
	t.Helper()
	for p := range partitions {
		var end int64
		eventually(t, "the end of "+topic, func(ctx context.Context) error {
			r, err := b.client().ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: {kafkago.LastOffsetOf(p)}}})
			if err == nil {
				end, err = r.Topics[topic][0].LastOffset, r.Topics[topic][0].Error
			}
			return err
		})
		r := kafkago.NewReader(kafkago.ReaderConfig{Brokers: []string{b.address}, Topic: topic, Partition: p, MinBytes: 1, MaxBytes: 10 << 20, MaxWait: 100 * time.Millisecond})
		for at := int64(0); at < end; {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			m, err := r.ReadMessage(ctx)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			out, at = append(out, m), m.Offset+1
		}
		r.Close()
	}
	return out
}

// producer sends transactions, in batches that the client cannot make: version 2 with the
// producer's id, epoch and sequence (KIP-98).
type producer struct {
	*broker
	id       string
	pid      int64
	epoch    int16
	sequence map[int]int32
}

// transactions starts a transactional producer.
func (b *broker) transactions(t *testing.T, id string) *producer {
	t.Helper()
	p := &producer{broker: b, id: id, sequence: map[int]int32{}}
	eventually(t, "starting a producer", func(ctx context.Context) error {
		r, err := b.client().InitProducerID(ctx, &kafkago.InitProducerIDRequest{TransactionalID: id, TransactionTimeoutMs: 60000})
		if err != nil {
			return err
		}
		if r.Error != nil {
			return r.Error
		}
		p.pid, p.epoch = int64(r.Producer.ProducerID), int16(r.Producer.ProducerEpoch)
		return nil
	})
	return p
}

// add puts values into the present transaction.
func (p *producer) add(t *testing.T, topic string, partition int, values ...[]byte) {
	t.Helper()
	eventually(t, "adding a partition", func(ctx context.Context) error {
		r, err := p.client().AddPartitionsToTxn(ctx, &kafkago.AddPartitionsToTxnRequest{TransactionalID: p.id, ProducerID: int(p.pid), ProducerEpoch: int(p.epoch),
			Topics: map[string][]kafkago.AddPartitionToTxn{topic: {{Partition: partition}}}})
		if err != nil {
			return err
		}
		return r.Topics[topic][0].Error
	})
	batch := p.batch(p.sequence[partition], values)
	eventually(t, "sending a batch", func(ctx context.Context) error {
		r, err := p.client().RawProduce(ctx, &kafkago.RawProduceRequest{Topic: topic, Partition: partition, RequiredAcks: kafkago.RequireAll, TransactionalID: p.id,
			RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(batch)}})
		if err != nil {
			return err
		}
		return r.Error
	})
	p.sequence[partition] += int32(len(values))
}

// end commits or aborts.
func (p *producer) end(t *testing.T, commit bool) {
	t.Helper()
	eventually(t, "ending a transaction", func(ctx context.Context) error {
		r, err := p.client().EndTxn(ctx, &kafkago.EndTxnRequest{TransactionalID: p.id, ProducerID: int(p.pid), ProducerEpoch: int(p.epoch), Committed: commit})
		if err != nil {
			return err
		}
		return r.Error
	})
}

// batch encodes a record batch of version 2, with the size before it that a raw request wants.
func (p *producer) batch(sequence int32, values [][]byte) []byte {
	const transactional = int16(1 << 4)
	now := time.Now().UnixMilli()
	var records []byte
	for i, v := range values {
		r := []byte{0} // attributes
		r = binary.AppendVarint(r, 0)
		r = binary.AppendVarint(r, int64(i))
		r = binary.AppendVarint(r, -1) // no key
		r = binary.AppendVarint(r, int64(len(v)))
		r = append(r, v...)
		r = binary.AppendVarint(r, 0) // no headers
		records = append(binary.AppendVarint(records, int64(len(r))), r...)
	}
	be := binary.BigEndian
	body := be.AppendUint16(nil, uint16(transactional))
	body = be.AppendUint32(body, uint32(len(values)-1))
	body = be.AppendUint64(body, uint64(now))
	body = be.AppendUint64(body, uint64(now))
	body = be.AppendUint64(body, uint64(p.pid))
	body = be.AppendUint16(body, uint16(p.epoch))
	body = be.AppendUint32(body, uint32(sequence))
	body = be.AppendUint32(body, uint32(len(values)))
	body = append(body, records...)
	out := be.AppendUint64(nil, 0)                  // base offset
	out = be.AppendUint32(out, uint32(9+len(body))) // length of what follows
	out = be.AppendUint32(out, uint32(0xffff_ffff)) // leader epoch
	out = append(out, 2)                            // version
	out = be.AppendUint32(out, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	out = append(out, body...)
	return append(be.AppendUint32(nil, uint32(len(out))), out...)
}

// line is an order as JSON; all lines of a test have the same members.
func line(order, customer, at string, price float64) []byte {
	return fmt.Appendf(nil, `{"order_id":%q,"order_ts":%q,"customer_id":%q,"product_id":"p","quantity":1,"unit_price":%v,"region":"SP","status":"paid"}`, order, at, customer, price)
}

// text joins lines as standard output has them.
func text(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

// Command topic makes a topic, for a try where Kafka's own tools are not installed:
//
//	go run ./scripts/services/kafka/topic kafka://127.0.0.1:19092/orders 4
//
// It is done when the brokers tell of the topic; one that is there already is left as it is.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/ecomctl/ecomctl/internal/backoff"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	partitions := 1
	if len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number of partitions", args[1])
		}
		partitions, args = n, args[:1]
	}
	if len(args) != 1 {
		return errors.New("usage: topic kafka://host:port/NAME [PARTITIONS]")
	}
	brokers, name, err := kafka.ParseURI(args[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := &kafkago.Client{Addr: kafkago.TCP(brokers...), Timeout: 10 * time.Second}
	// a broker that has just been started refuses, and one that took it over tells of it a moment later
	for {
		if err = makeTopic(ctx, client, name, partitions); err == nil {
			return nil
		}
		if !backoff.Sleep(ctx, 200*time.Millisecond) {
			return fmt.Errorf("making %s: %w", args[0], err)
		}
	}
}

// makeTopic asks for a topic and for what the brokers know of it.
func makeTopic(ctx context.Context, client *kafkago.Client, name string, partitions int) error {
	made, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}}})
	if err != nil {
		return err
	}
	if err := made.Errors[name]; err != nil && !errors.Is(err, kafkago.TopicAlreadyExists) {
		return err
	}
	known, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{name}})
	if err != nil {
		return err
	}
	for _, t := range known.Topics {
		if t.Name == name && t.Error == nil && len(t.Partitions) > 0 {
			return nil
		}
	}
	return errors.New("the brokers do not tell of it yet")
}

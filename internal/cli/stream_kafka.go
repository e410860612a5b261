package cli

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
)

// kafka says how a topic is reached.
func (o *streamFlags) kafka(uri string) (kafka.Config, error) { return o.app.kafkaOf(o.conf, uri) }

// kafka is kafkaOf for commands without settings of their own; file is that of --config, "" without one.
func (a *App) kafka(file, uri string) (kafka.Config, error) {
	conf, _, err := config.Load(config.LoadOptions{Path: file, Env: a.Getenv})
	if err != nil {
		return kafka.Config{}, err
	}
	return a.kafkaOf(conf, uri)
}

func (a *App) kafkaOf(conf *config.Config, uri string) (kafka.Config, error) {
	brokers, topic, err := kafka.ParseURI(uri)
	out := kafka.Config{Brokers: brokers, Topic: topic, Now: a.Now, Say: a.say}
	if err != nil {
		return out, err
	}
	security, err := a.kafkaSecurity(conf)
	if err != nil {
		return out, err
	}
	return out, out.Secure(security)
}

// kafkaSecurity is what the settings say of users and TLS.
func (a *App) kafkaSecurity(conf *config.Config) (kafka.Security, error) {
	password, err := conf.KafkaPassword.Reveal(a.Getenv)
	return kafka.Security{User: conf.KafkaUser, Password: password, SASL: conf.KafkaSASL, TLS: conf.KafkaTLS, Cert: conf.KafkaCert, Key: conf.KafkaKey}, err
}

// topic opens a topic. names becomes what checkpoints call it.
func (o *streamFlags) topic(names *[]string) (stream.Source, error) {
	if len(*names) > 1 {
		return nil, fault.New(fault.Usage, "a topic cannot be read together with other inputs")
	}
	conf, err := o.kafka((*names)[0])
	if err != nil {
		return nil, err
	}
	for _, w := range []struct {
		flag, value string
		allowed     [3]string
	}{{"from", o.from, [3]string{"earliest", "latest"}}, {"out-of-range", o.outOfRange, [3]string{"earliest", "latest", "fail"}}} {
		if w.value == "" || w.value != w.allowed[0] && w.value != w.allowed[1] && w.value != w.allowed[2] {
			return nil, fault.New(fault.Usage, "--%s %s: earliest or latest is wanted", w.flag, w.value)
		}
	}
	if conf.Partitions, err = kafka.ParsePartitions(o.partitions); err != nil {
		return nil, err
	}
	if o.follow {
		return nil, fault.New(fault.Usage, "--follow: a topic is followed anyhow").WithHint("end with --to-end or --exit-idle")
	}
	conf.Latest, conf.OutOfRange, conf.Group, conf.End, conf.Member = o.from == "latest", o.outOfRange, o.group, o.toEnd, o.member
	*names = []string{conf.Names()}
	o.endless = !o.toEnd
	return kafka.New(conf), nil
}

// produce sends what back gives to a topic; file is that of --config.
func (a *App) produce(ctx context.Context, file, uri string, back func(put func(raw []byte) error) error) error {
	conf, err := a.kafka(file, uri)
	if err != nil {
		return err
	}
	p := kafka.NewProducer(conf)
	defer p.Close()
	if err := back(func(raw []byte) error { return p.Send(ctx, nil, raw) }); err != nil {
		return err
	}
	return p.Flush(ctx)
}

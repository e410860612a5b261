package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
)

// count reads the inputs: at once, or with --standby when it is this process's turn.
func (o *streamFlags) count(ctx context.Context, inputs []string) (*stream.Summary, error) {
	if !o.standby {
		return o.once(ctx, inputs)
	}
	switch {
	case len(inputs) != 1 || !strings.HasPrefix(inputs[0], kafka.Scheme):
		return nil, fault.New(fault.Usage, "--standby: processes stand by for a topic of Kafka").WithHint("name kafka://host:port/topic")
	case o.group == "" || o.opts.Checkpoint == "" || o.partitions != "":
		return nil, fault.New(fault.Usage, "--standby needs --group, and a --checkpoint that all processes of the group share, and takes no --partitions").
			WithHint("the one that takes over goes on from the checkpoint of the one before it")
	case o.silence < 500*time.Millisecond || o.silence > 5*time.Minute:
		return nil, fault.New(fault.Usage, "--session-timeout %s: 500ms to 5m are possible", o.silence)
	}
	conf, err := o.kafka(inputs[0])
	if err != nil {
		return nil, err
	}
	conf.Group = o.group
	if _, err := kafka.Check(ctx, conf); err != nil { // a group gives nobody a topic that is not there
		return nil, err
	}
	if o.member, err = kafka.Join(conf, o.silence); err != nil {
		return nil, err
	}
	defer o.member.Close()
	for said := ""; ; {
		turn, end, err := o.member.Turn(ctx)
		if ctx.Err() != nil {
			return nil, fault.New(fault.Interrupted, "standing by in group %s: %w", o.group, ctx.Err())
		}
		if err != nil {
			return nil, err
		}
		sum, err := o.once(turn, inputs)
		moved := errors.Is(context.Cause(turn), kafka.ErrMoved)
		end()
		say := ""
		switch {
		case err == nil || ctx.Err() != nil:
			return sum, err
		case fault.KindOf(err) == fault.Locked: // the process before still holds the checkpoints
			say = "note: group " + o.group + " gave this process the topic, and another one still works on it; waiting"
		case moved:
			say = "note: group " + o.group + " gave the topic to another process; standing by"
		default:
			return sum, err
		}
		if say != said {
			o.app.say("%s", say)
			said = say
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

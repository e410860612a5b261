package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/ecomctl/ecomctl/internal/backoff"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Member is a process in a consumer group of which one reads the whole topic and the others stand by. Windows hold
// distinct values over all partitions, so that partitions cannot be counted apart and added up: what the
// group moves is the topic as a whole, and with it the state in the folder of checkpoints, whose lock makes
// sure that two never work on it, whatever the group believes.
//
//	join ─▶ standing by ──turn──▶ reading ──another one's turn, or the end──▶ standing by, or leaving
type Member struct {
	conf  Config
	group *kafkago.ConsumerGroup
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	gen     *kafkago.Generation // nil between generations
	known   bool                // there was one
	mine    bool
	since   int64         // when this process began to read, ns; 0 = it stands by
	changed chan struct{} // closed when mine changes
}

// ErrMoved ends the turn of a process.
var ErrMoved = errors.New("the group gave the topic to another process")

// Join joins the group of conf. A process that has been silent for session is replaced.
func Join(conf Config, session time.Duration) (*Member, error) {
	conf.defaults()
	m := &Member{conf: conf, changed: make(chan struct{}), ended: make(chan struct{})}
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID: conf.Group, Brokers: conf.Brokers, Topics: []string{conf.Topic}, GroupBalancers: []kafkago.GroupBalancer{oneReader{m}},
		Dialer:         conf.dialer(),
		SessionTimeout: session, RebalanceTimeout: session, HeartbeatInterval: max(session/5, 50*time.Millisecond), JoinGroupBackoff: 200 * time.Millisecond, Timeout: 5 * time.Second,
	})
	if err != nil {
		return nil, fault.New(fault.Usage, "joining group %s: %w", conf.Group, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	m.group, m.stop = group, stop
	go m.run(ctx)
	return m, nil
}

// run follows the generations of the group.
func (m *Member) run(ctx context.Context) {
	defer close(m.ended)
	said := ""
	for {
		gen, err := m.group.Next(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil { // it tries again by itself; what was read on is safe by the folder's lock
			var code kafkago.Error
			if usual := errors.As(err, &code) && (code == kafkago.RebalanceInProgress || code == kafkago.UnknownMemberId || code == kafkago.IllegalGeneration); err.Error() != said && !usual {
				said = err.Error()
				m.conf.Say("note: group %s: %v; trying again", m.conf.Group, err)
			}
			if !backoff.Sleep(ctx, 50*time.Millisecond) {
				return
			}
			continue
		}
		said = ""
		mine := len(gen.Assignments[m.conf.Topic]) > 0
		if !m.joined() && !mine {
			m.conf.Say("note: group %s: another process reads %s; standing by", m.conf.Group, m.conf.address())
		}
		m.mu.Lock()
		m.gen, m.known = gen, true
		if mine != m.mine {
			m.mine = mine
			close(m.changed)
			m.changed = make(chan struct{})
			if m.since = 0; mine {
				m.since = m.conf.Now().UnixNano()
			}
		}
		m.mu.Unlock()
		gen.Start(m.follow(gen))
	}
}

// follow forgets a generation when it ends: offsets are told again in the next one.
func (m *Member) follow(gen *kafkago.Generation) func(context.Context) {
	return func(ctx context.Context) {
		<-ctx.Done()
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.gen == gen {
			m.gen = nil
		}
	}
}

// turn reports whether it is this process's turn, and when to look again.
func (m *Member) turn() (mine bool, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mine, m.changed
}

// Turn waits until this process is to read. The context it returns ends, with the cause ErrMoved, when another one is.
func (m *Member) Turn(ctx context.Context) (context.Context, context.CancelFunc, error) {
	waiting := time.NewTimer(m.conf.Patience)
	defer waiting.Stop()
	for {
		mine, changed := m.turn()
		if mine {
			turn, cancel := context.WithCancelCause(ctx)
			go func() {
				select {
				case <-changed:
					cancel(ErrMoved)
				case <-turn.Done():
				}
			}()
			return turn, func() { cancel(nil) }, nil
		}
		select {
		case <-changed:
		case <-waiting.C:
			if !m.joined() {
				return nil, nil, fault.New(fault.Unavailable, "joining group %s at %s: no answer within %s", m.conf.Group, m.conf.address(), m.conf.Patience).
					WithHint("is a broker up and reachable, and may this user join the group?")
			}
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// joined reports whether the group has ever taken this process in.
func (m *Member) joined() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known
}

// commit tells the group offsets, as the member that it is.
func (m *Member) commit(topic string, offsets map[int]int64) error {
	m.mu.Lock()
	gen := m.gen
	m.mu.Unlock()
	if gen == nil {
		return nil
	}
	return gen.CommitOffsets(map[string]map[int]int64{topic: offsets})
}

// Close leaves the group, so that another process takes over at once.
func (m *Member) Close() error {
	m.stop()
	err := m.group.Close()
	<-m.ended
	return err
}

// oneReader gives all partitions to one member: the one that reads already, else the first by name.
type oneReader struct{ m *Member }

// ProtocolName implements kafkago.GroupBalancer.
func (oneReader) ProtocolName() string { return "ecomctl-one-reader" }

// UserData implements kafkago.GroupBalancer: since when this member reads.
func (b oneReader) UserData() ([]byte, error) {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	return binary.BigEndian.AppendUint64(nil, uint64(b.m.since)), nil
}

// AssignGroups implements kafkago.GroupBalancer.
func (oneReader) AssignGroups(members []kafkago.GroupMember, partitions []kafkago.Partition) kafkago.GroupMemberAssignments {
	out := kafkago.GroupMemberAssignments{}
	var best kafkago.GroupMember
	var since uint64
	for _, m := range members {
		out[m.ID] = map[string][]int{}
		for _, t := range m.Topics {
			out[m.ID][t] = []int{}
		}
		at := uint64(0)
		if len(m.UserData) == 8 {
			at = binary.BigEndian.Uint64(m.UserData)
		}
		earlier := at != 0 && (since == 0 || at < since)
		if best.ID == "" || earlier || at == since && m.ID < best.ID {
			best, since = m, at
		}
	}
	for _, p := range partitions {
		if slices.Contains(best.Topics, p.Topic) {
			out[best.ID][p.Topic] = append(out[best.ID][p.Topic], p.ID)
		}
	}
	return out
}

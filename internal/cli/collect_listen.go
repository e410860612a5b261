package cli

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/ecomctl/ecomctl/internal/collect"
	"github.com/ecomctl/ecomctl/internal/collect/receiver"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/version"
)

// listenFlags are the flags of events that come over HTTP.
type listenFlags struct {
	address, keys      string
	hosts              []string
	maxBody, inboxSize string
	rate               float64
}

func (o *listenFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.address, "listen", "", "take events by HTTP (POST /events) on `ADDRESS`, like 127.0.0.1:8090 or 8090; beyond this machine only with keys")
	f.StringVar(&o.keys, "keys", "", "--listen: `FILE` of keys (default: the one of `serve keys` when it exists); a key must allow uploads")
	f.StringSliceVar(&o.hosts, "host", nil, "--listen: `NAME` that requests may call this machine by, besides addresses and localhost")
	f.StringVar(&o.maxBody, "max-body", "4MiB", "--listen: largest request in `bytes`, packed or not")
	f.StringVar(&o.inboxSize, "inbox-size", "1GiB", "--listen: `size` of what may wait for the output; further requests are answered 503")
	f.Float64Var(&o.rate, "rate", 0, "--listen: requests a second of each key, or address without keys; further ones are answered 429 (default: no limit)")
}

// listenSettled is what the flags of --listen come to.
type listenSettled struct {
	maxBody, inbox int64
}

// settle checks the flags.
func (o *listenFlags) settle() (s listenSettled, err error) {
	if o.address != "" && !strings.Contains(o.address, ":") { // a port is this machine's
		o.address = net.JoinHostPort("127.0.0.1", o.address)
	}
	if s.maxBody, err = config.ParseSize(o.maxBody); err != nil || s.maxBody < 1<<10 || s.maxBody > 64<<20 {
		return s, fault.New(fault.Usage, "--max-body %s: a size from 1KiB to 64MiB is wanted", o.maxBody)
	}
	if s.inbox, err = config.ParseSize(o.inboxSize); err != nil || s.inbox < 2*s.maxBody {
		return s, fault.New(fault.Usage, "--inbox-size %s: a size of at least twice --max-body is wanted", o.inboxSize)
	}
	if o.rate < 0 {
		return s, fault.New(fault.Usage, "--rate %g: it cannot be negative", o.rate)
	}
	return s, nil
}

// receiving is what a run knows of the events that come meanwhile.
type receiving struct {
	inbox *collect.Inbox
	// ctx is the run's: it ends when what was received had its time to be delivered after the receiver's end.
	ctx   context.Context
	ended chan struct{} // closed when nothing is received any more; never without --listen
	// end ends the receiver, when it still runs, and says why it failed.
	end func() error
}

// over reports whether the receiver has ended.
func (r *receiving) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// receive opens the inbox of a state, and with --listen receives events into it until ctx ends. Without, the inbox is
// finished: what an earlier run received is delivered.
func (o *collectFlags) receive(ctx context.Context, s settled, state *collect.State) (*receiving, error) {
	inbox, err := collect.OpenInbox(state, s.listen.inbox, s.maxLine)
	if err != nil {
		return nil, err
	}
	r := &receiving{inbox: inbox, ctx: ctx, ended: make(chan struct{})}
	if o.listen.address == "" {
		inbox.Finish()
		r.end = func() error { inbox.Close(); return nil }
		return r, nil
	}
	srv, l, err := o.server(s, inbox)
	if err != nil {
		inbox.Close()
		return nil, err
	}
	var failed error
	ctx, stop := context.WithCancel(ctx)
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.ctx = run
	r.end = func() error {
		stop()
		<-r.ended
		cancel()
		inbox.Close()
		return failed
	}
	go func() {
		failed = srv.Serve(ctx, l)
		inbox.Finish()
		close(r.ended)
		time.AfterFunc(o.patience, cancel)
	}()
	o.app.say("receiving events on http://%s/events; stop with Ctrl-C", l.Addr())
	return r, nil
}

// server makes the receiver and opens its port.
func (o *collectFlags) server(s settled, inbox *collect.Inbox) (*serve.Server, net.Listener, error) {
	log := o.app.log()
	keys, _, err := o.app.openKeys(o.listen.address, o.listen.keys, log)
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", o.listen.address)
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, "listening on %s: %w", o.listen.address, err).WithHint("choose another address with --listen; a port of 0 takes a free one")
	}
	srv := serve.NewBare(serve.Config{Log: log, Now: o.app.Now, Version: version.Get().Version, Keys: keys, Hosts: o.listen.hosts, Rate: o.listen.rate})
	receiver.Mount(srv, receiver.Options{Inbox: inbox, MaxBody: s.listen.maxBody, MaxLine: s.maxLine, Slow: 30 * time.Second, Now: o.app.Now})
	return srv, l, nil
}

package spark

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/ecomctl/ecomctl/internal/backoff"
	pb "github.com/ecomctl/ecomctl/internal/engine/spark/connectpb"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Client is one session on a Spark Connect server. A session's views and settings are its own. It is safe
// for concurrent use.
type Client struct {
	addr    Address
	conn    *grpc.ClientConn
	rpc     pb.SparkConnectServiceClient
	session string
	user    *pb.UserContext
	met     atomic.Bool            // the server has answered once
	served  atomic.Pointer[string] // the server's own name of the session; nil before it told one
}

const (
	// maxMessage is the server's own limit of a message, for both ways.
	maxMessage = 128 << 20
	// briefly bounds calls that only ask or tell the server something.
	briefly = 30 * time.Second
	// patience bounds the wait for the end of an operation that was interrupted.
	patience = 5 * time.Second
	// quiet is how long a connection may say nothing before it is asked whether it is there, and unanswered how long that may take. Servers
	// of gRPC take more often than every five minutes for an attack.
	quiet, unanswered = 6 * time.Minute, 20 * time.Second
	// firstTries is how often a server is called that is not there (yet), firstPause the wait after the first, which doubles.
	firstTries, firstPause = 4, 200 * time.Millisecond
	// clientType tells the server's log who calls.
	clientType = "ecomctl"
)

// bearer sends a token with every call.
type bearer string

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: a token is not sent in the clear.
func (bearer) RequireTransportSecurity() bool { return true }

// Dial opens a session. The connection itself is made at the first call.
func Dial(addr Address) (*Client, error) {
	security := insecure.NewCredentials()
	if addr.TLS {
		security = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	opts := []grpc.DialOption{grpc.WithTransportCredentials(security), grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: quiet, Timeout: unanswered}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage))}
	if addr.Token != "" {
		opts = append(opts, grpc.WithPerRPCCredentials(bearer(addr.Token)))
	}
	conn, err := grpc.NewClient("passthrough:///"+addr.Host, opts...)
	if err != nil {
		return nil, fault.New(fault.Usage, "connecting to Spark at %s: %w", addr, err)
	}
	return &Client{addr: addr, conn: conn, rpc: pb.NewSparkConnectServiceClient(conn), session: newUUID(),
		user: &pb.UserContext{UserId: addr.User, UserName: addr.User}}, nil
}

// Close ends the session on the server, with its views and what still runs.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	// a server that is gone has no session either
	_, _ = c.rpc.ReleaseSession(ctx, &pb.ReleaseSessionRequest{SessionId: c.session, UserContext: c.user})
	return c.conn.Close()
}

// Progress is how far an operation is.
type Progress struct{ Stages, Tasks, Done, Running, BytesRead int64 }

// Op is how one statement is watched. The zero value watches nothing.
type Op struct {
	Batch    func(arrow.Record) error // called in order; the record is released after it
	Progress func(Progress)
}

// Query runs a SELECT and hands its batches to op.Batch. It returns the schema of the answer; nil when the server sent none.
func (c *Client) Query(ctx context.Context, sql string, op Op) (*arrow.Schema, error) {
	return c.run(ctx, &pb.Plan{OpType: &pb.Plan_Root{Root: relationOf(sql)}}, op)
}

// Exec runs any other statement.
func (c *Client) Exec(ctx context.Context, sql string, op Op) error {
	_, err := c.run(ctx, &pb.Plan{OpType: &pb.Plan_Command{Command: &pb.Command{CommandType: &pb.Command_SqlCommand{
		SqlCommand: &pb.SqlCommand{Input: relationOf(sql)}}}}}, op)
	return err
}

// Set changes settings of the session. As the first call it tells, too, whether there is a server that takes sessions; one that is
// starting is called again.
func (c *Client) Set(ctx context.Context, pairs [][2]string) error {
	ctx, cancel := context.WithTimeout(ctx, briefly)
	defer cancel()
	set := &pb.ConfigRequest_Set{}
	for i := range pairs {
		set.Pairs = append(set.Pairs, &pb.KeyValue{Key: pairs[i][0], Value: &pairs[i][1]})
	}
	pause := firstPause
	for try := 1; ; try++ {
		_, err := c.rpc.Config(ctx, &pb.ConfigRequest{SessionId: c.session, UserContext: c.user,
			Operation: &pb.ConfigRequest_Operation{OpType: &pb.ConfigRequest_Operation_Set{Set: set}}})
		if err == nil {
			c.met.Store(true)
		}
		if status.Code(err) != codes.Unavailable || c.met.Load() || try == firstTries || !backoff.Sleep(ctx, backoff.Jitter(pause)) {
			return c.fault(ctx, err)
		}
		pause *= 2
		c.conn.ResetConnectBackoff()
	}
}

// versions are those of Spark whose SQL is printed.
const versions = "4."

// checkVersion refuses a server whose SQL may mean other things.
func (c *Client) checkVersion(ctx context.Context) error {
	version := ""
	_, err := c.Query(ctx, "SELECT VERSION()", Op{Batch: func(rec arrow.Record) error {
		if rec.NumRows() == 1 && rec.NumCols() == 1 {
			version, _, _ = strings.Cut(rec.Column(0).ValueStr(0), " ")
		}
		return nil
	}})
	if err != nil || strings.HasPrefix(version, versions) {
		return err
	}
	return fault.New(fault.Unavailable, "asking Spark at %s: its version is %q, and the SQL of version %sx is printed", c.addr, version, versions).
		WithHint("start a Spark Connect server of version 4; leave --engine spark out meanwhile")
}

// interrupt stops one operation: the server goes on when its client merely goes away.
func (c *Client) interrupt(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = c.rpc.Interrupt(ctx, &pb.InterruptRequest{SessionId: c.session, UserContext: c.user,
		InterruptType: pb.InterruptRequest_INTERRUPT_TYPE_OPERATION_ID,
		Interrupt:     &pb.InterruptRequest_OperationId{OperationId: id}})
}

func (c *Client) run(ctx context.Context, plan *pb.Plan, op Op) (*arrow.Schema, error) {
	id, client := newUUID(), clientType
	// the stream outlives ctx: the operation is to be interrupted before its stream is let go
	sctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		c.interrupt(ctx, id)
		// the stream ends when the operation has ended and its leavings are gone, which is waited for, but not long
		time.AfterFunc(patience, cancel)
	})
	defer stop()
	// a server that was started anew says so, and not that it knows no view of that name
	stream, err := c.rpc.ExecutePlan(sctx, &pb.ExecutePlanRequest{SessionId: c.session, UserContext: c.user, OperationId: &id, ClientType: &client, Plan: plan,
		ClientObservedServerSideSessionId: c.served.Load()})
	var schema *arrow.Schema
	for err == nil {
		var resp *pb.ExecutePlanResponse
		if resp, err = stream.Recv(); err != nil {
			break
		}
		if name := resp.GetServerSideSessionId(); name != "" {
			c.served.CompareAndSwap(nil, &name)
		}
		switch r := resp.GetResponseType().(type) {
		case *pb.ExecutePlanResponse_ArrowBatch_:
			s, derr := decode(r.ArrowBatch, op.Batch)
			if derr != nil {
				c.interrupt(ctx, id)
				return nil, derr
			}
			schema = s
		case *pb.ExecutePlanResponse_ExecutionProgress_:
			if op.Progress != nil {
				op.Progress(progressOf(r.ExecutionProgress))
			}
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) {
		return schema, nil
	}
	return nil, c.fault(ctx, err)
}

func progressOf(e *pb.ExecutePlanResponse_ExecutionProgress) Progress {
	p := Progress{Running: e.GetNumInflightTasks()}
	for _, s := range e.GetStages() {
		p.Stages++
		p.Tasks += s.GetNumTasks()
		p.Done += s.GetNumCompletedTasks()
		p.BytesRead += s.GetInputBytesRead()
	}
	return p
}

// decode reads a batch, which is an Arrow stream of its own with the schema first.
func decode(b *pb.ExecutePlanResponse_ArrowBatch, on func(arrow.Record) error) (s *arrow.Schema, err error) {
	defer func() { // the library's answer to damaged bytes
		if p := recover(); p != nil {
			err = fault.New(fault.Unavailable, "reading Spark's answer: damaged Arrow data: %v", p)
		}
	}()
	r, err := ipc.NewReader(bytes.NewReader(b.GetData()))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "reading Spark's answer: %w", err)
	}
	defer r.Release()
	var n int64
	for r.Next() {
		n += r.Record().NumRows()
		if on != nil {
			if err := on(r.Record()); err != nil {
				return nil, err
			}
		}
	}
	if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Unavailable, "reading Spark's answer: %w", err)
	}
	if n != b.GetRowCount() {
		return nil, fault.New(fault.Unavailable, "reading Spark's answer: a batch of %d rows held %d", b.GetRowCount(), n)
	}
	return r.Schema(), nil
}

func relationOf(sql string) *pb.Relation {
	return &pb.Relation{RelType: &pb.Relation_Sql{Sql: &pb.SQL{Query: sql}}}
}

// newUUID makes a random id: the server takes only ids of this form.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

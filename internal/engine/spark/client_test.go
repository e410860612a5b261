package spark

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/ecomctl/ecomctl/internal/engine/spark/connectpb"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// scripted is a server that does what a real one cannot be made to do at will.
type scripted struct {
	pb.UnimplementedSparkConnectServiceServer
	server  *grpc.Server
	version string
	absent  int    // so many first calls find nobody
	session string // the server's own name of it
	// execute answers statements, but for the version's.
	execute func(pb.SparkConnectService_ExecutePlanServer) error
	// causes are told about an error, outermost first.
	causes []string

	mu    sync.Mutex
	calls int
}

// serve starts the server and returns its address.
func (s *scripted) serve(t *testing.T) Address {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.server = grpc.NewServer()
	pb.RegisterSparkConnectServiceServer(s.server, s)
	go func() { _ = s.server.Serve(l) }()
	t.Cleanup(s.server.Stop)
	return Address{Host: l.Addr().String(), User: "ann"}
}

func (s *scripted) Config(context.Context, *pb.ConfigRequest) (*pb.ConfigResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls++; s.calls <= s.absent {
		return nil, status.Error(codes.Unavailable, "nobody here")
	}
	return &pb.ConfigResponse{}, nil
}

func (s *scripted) ReleaseSession(context.Context, *pb.ReleaseSessionRequest) (*pb.ReleaseSessionResponse, error) {
	return &pb.ReleaseSessionResponse{}, nil
}

// wrong is an error as Spark tells one.
func wrong(class, message string) error {
	st, err := status.New(codes.Internal, message).WithDetails(&errdetails.ErrorInfo{Reason: "org.apache.spark.SparkException", Metadata: map[string]string{"errorClass": class, "errorId": "e1"}})
	if err != nil {
		panic(err)
	}
	return st.Err()
}

func (s *scripted) FetchErrorDetails(context.Context, *pb.FetchErrorDetailsRequest) (*pb.FetchErrorDetailsResponse, error) {
	root := int32(0)
	r := &pb.FetchErrorDetailsResponse{RootErrorIdx: &root}
	for i, m := range s.causes {
		e := &pb.FetchErrorDetailsResponse_Error{Message: m}
		if next := int32(i + 1); int(next) < len(s.causes) {
			e.CauseIdx = &next
		}
		r.Errors = append(r.Errors, e)
	}
	return r, nil
}

func (s *scripted) ExecutePlan(req *pb.ExecutePlanRequest, stream pb.SparkConnectService_ExecutePlanServer) error {
	if seen := req.GetClientObservedServerSideSessionId(); seen != "" && seen != s.session {
		return wrong("INVALID_HANDLE.SESSION_CHANGED", "the session is another one")
	}
	if !strings.Contains(req.GetPlan().GetRoot().GetSql().GetQuery(), "VERSION()") {
		return s.execute(stream)
	}
	return stream.Send(&pb.ExecutePlanResponse{ServerSideSessionId: s.session,
		ResponseType: &pb.ExecutePlanResponse_ArrowBatch_{ArrowBatch: &pb.ExecutePlanResponse_ArrowBatch{RowCount: 1, Data: oneText(s.version)}}})
}

// oneText is a text as an Arrow stream.
func oneText(text string) []byte {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "version()", Type: arrow.BinaryTypes.String}}, nil))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).Append(text)
	rec := b.NewRecord()
	defer rec.Release()
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(rec.Schema()))
	_ = w.Write(rec)
	_ = w.Close()
	return out.Bytes()
}

const spark4 = "4.1.4 abc"

// told fails unless an error has a kind and says all of these, the address among them.
func told(t *testing.T, err error, kind fault.Kind, addr Address, says ...string) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%v is %v, want %v", err, fault.KindOf(err), kind)
		return
	}
	for _, s := range append(says, addr.String()) {
		if !strings.Contains(err.Error()+"\n"+fault.HintOf(err), s) {
			t.Errorf("it does not say %q: %v\n%s", s, err, fault.HintOf(err))
		}
	}
}

func TestServerThatStartsIsCalledAgain(t *testing.T) {
	s := &scripted{version: spark4, absent: firstTries - 1}
	c, err := Connect(t.Context(), s.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if s.calls != firstTries {
		t.Errorf("%d calls", s.calls)
	}
	s = &scripted{version: spark4, absent: 1 << 20}
	addr := s.serve(t)
	_, err = Connect(t.Context(), addr)
	told(t, err, fault.Unavailable, addr, "is a Spark Connect server running there?")
	if s.calls != firstTries {
		t.Errorf("%d calls of a server that is not there", s.calls)
	}
}

func TestOtherVersion(t *testing.T) {
	addr := (&scripted{version: "3.5.7 def"}).serve(t)
	_, err := Connect(t.Context(), addr)
	told(t, err, fault.Unavailable, addr, `"3.5.7"`, "start a Spark Connect server of version 4")
}

// What happens to a session that was there.
func TestSessionLost(t *testing.T) {
	for name, c := range map[string]struct {
		during func(s *scripted) func(pb.SparkConnectService_ExecutePlanServer) error
		causes []string
		kind   fault.Kind
		says   []string
	}{
		"closed": {during: func(*scripted) func(pb.SparkConnectService_ExecutePlanServer) error {
			return func(pb.SparkConnectService_ExecutePlanServer) error {
				return wrong("INVALID_HANDLE.SESSION_CLOSED", "Session was closed")
			}
		}, kind: fault.Unavailable, says: []string{"SESSION_CLOSED", "ask again"}},
		"another server": {during: func(s *scripted) func(pb.SparkConnectService_ExecutePlanServer) error {
			s.session = "two" // as after a restart
			return nil
		}, kind: fault.Unavailable, says: []string{"SESSION_CHANGED", "perhaps by a restart: ask again"}},
		"cut": {during: func(s *scripted) func(pb.SparkConnectService_ExecutePlanServer) error {
			return func(stream pb.SparkConnectService_ExecutePlanServer) error {
				go s.server.Stop()
				<-stream.Context().Done()
				return stream.Context().Err()
			}
		}, kind: fault.Unavailable, says: []string{"the connection broke meanwhile"}},
		"out of memory": {during: func(*scripted) func(pb.SparkConnectService_ExecutePlanServer) error {
			return func(pb.SparkConnectService_ExecutePlanServer) error { return wrong("", "Job aborted") }
		}, causes: []string{"Job aborted", "java.lang.OutOfMemoryError: Java heap space\n\tat somewhere"}, kind: fault.Full, says: []string{"Java heap space", "spark.driver.memory", "/FOLDER/"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{version: spark4, session: "one", causes: c.causes}
			addr := s.serve(t)
			client, err := Connect(t.Context(), addr)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			s.execute = c.during(s)
			_, err = client.Query(t.Context(), "SELECT 1", Op{})
			told(t, err, c.kind, addr, c.says...)
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line: %v", err)
			}
		})
	}
}

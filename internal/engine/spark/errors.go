package spark

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/ecomctl/ecomctl/internal/engine/spark/connectpb"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Error is what the server said about a statement.
type Error struct {
	Class    string            // Spark's error condition, like TABLE_OR_VIEW_NOT_FOUND; "" where it named none
	SQLState string            // five signs; "" where it named none
	Reason   string            // class of the Java exception
	Message  string            // the first line of what it said
	Params   map[string]string // of the message
	Cause    string            // the first line of the innermost error, where that is another
}

// taskFailed begins the condition of errors whose cause alone tells what happened; so does a cause that names outOfMemory.
const (
	taskFailed  = "TASK_WRITE_FAILED"
	outOfMemory = "OutOfMemory"
)

// Error implements error.
func (e *Error) Error() string {
	s := e.Message
	if e.SQLState != "" && !strings.Contains(s, e.SQLState) {
		s += " (SQLSTATE " + e.SQLState + ")"
	}
	if e.Class != "" && !strings.Contains(s, e.Class) {
		s = e.Class + ": " + s
	}
	if e.Cause != "" && (strings.HasPrefix(e.Class, taskFailed) || strings.Contains(e.Cause, outOfMemory)) {
		s += ": " + e.Cause
	}
	return s
}

// fault turns what a call returned into one error with a kind and a remedy. The status carries the error's id, by which the
// whole message is asked for.
func (c *Client) fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return fault.New(fault.Unavailable, "asking Spark at %s: %w", c.addr, err)
	}
	e := &Error{Message: firstLine(st.Message())}
	id := ""
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			m := info.GetMetadata()
			e.Reason, e.Class, e.SQLState, id = info.GetReason(), m["errorClass"], m["sqlState"], m["errorId"]
		}
	}
	if id != "" {
		c.details(ctx, id, e)
	}
	return c.classify(st.Code(), e)
}

// details asks for the rest of an error; what is known stays where the server does not tell.
func (c *Client) details(ctx context.Context, id string, e *Error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	r, err := c.rpc.FetchErrorDetails(ctx, &pb.FetchErrorDetailsRequest{SessionId: c.session, UserContext: c.user, ErrorId: id})
	if err != nil || r.RootErrorIdx == nil || int(r.GetRootErrorIdx()) >= len(r.GetErrors()) {
		return
	}
	root := r.GetErrors()[r.GetRootErrorIdx()]
	// the outermost one may say no more than that a task failed: the innermost that has a class says why
	for at, seen := root, 0; at != nil && seen < len(r.GetErrors()); seen++ {
		e.Cause = firstLine(at.GetMessage())
		if t := at.GetSparkThrowable(); t.GetErrorClass() != "" {
			e.Class, e.SQLState, e.Params = t.GetErrorClass(), t.GetSqlState(), t.GetMessageParameters()
			e.Message = firstLine(at.GetMessage())
		}
		if at.CauseIdx == nil || int(at.GetCauseIdx()) >= len(r.GetErrors()) {
			break
		}
		at = r.GetErrors()[at.GetCauseIdx()]
	}
	if e.Cause == e.Message {
		e.Cause = ""
	}
}

// remedies by error condition; the first that begins the condition counts.
var remedies = []struct {
	class, hint string
	kind        fault.Kind
}{
	{"PATH_NOT_FOUND", "Spark reads paths on its own machines: name a file that they see, such as hdfs://HOST:PORT/PATH (ecomctl hdfs put FILE hdfs://… copies one there)", fault.NotFound},
	{"FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "Spark reads Parquet files here: convert others with `ecomctl convert IN -o OUT.parquet`", fault.Input},
	{"FAILED_READ_FILE", "the file is damaged, or changed while it was read: `ecomctl inspect FILE` shows where; then ask again", fault.Input},
	{"CANNOT_READ_FILE_FOOTER", "Spark reads Parquet files here: convert others with `ecomctl convert IN -o OUT.parquet`", fault.Input},
	{"UNABLE_TO_INFER_SCHEMA", "the folder holds no Parquet file that Spark can read", fault.Input},
	{"PARQUET_TYPE_ILLEGAL", "Spark does not read this column's type: rewrite the file, `ecomctl convert IN -o OUT.parquet`", fault.Input},
	{"PARQUET_TYPE_NOT_SUPPORTED", "Spark does not read this column's type: rewrite the file, `ecomctl convert IN -o OUT.parquet`", fault.Input},
	{"CAST_OVERFLOW", "a sum does not fit 64 bits: look for absurd values with: ecomctl profile", fault.Input},
	{"ARITHMETIC_OVERFLOW", "look for absurd values with: ecomctl profile", fault.Input},
	{"NUMERIC_VALUE_OUT_OF_RANGE", "look for absurd values with: ecomctl profile", fault.Input},
	{"USER_RAISED_EXCEPTION", "files were added while it was read: ask again", fault.Input},
	{"INVALID_HANDLE", "the server ended or forgot the session, perhaps by a restart: ask again", fault.Unavailable},
	{"OUT_OF_MEMORY", "give the server more memory (spark.driver.memory), or let it write the rows: -o hdfs://HOST:PORT/FOLDER/", fault.Full},
	{"INSUFFICIENT_PERMISSIONS", "ask the cluster's administrator for the right, or give another user: sc://HOST:PORT/;user_id=NAME", fault.Auth},
	{"UNSUPPORTED_FEATURE", "this server's Spark is another version than 4: start one of version 4", fault.Usage},
	{"UNRESOLVED_ROUTINE", "this server's Spark is older than 4.0: start one of version 4", fault.Usage},
	{"PARSE_SYNTAX_ERROR", "this server's Spark may be another version than 4; --explain shows the statement", fault.Internal},
	{"PATH_ALREADY_EXISTS", "name another folder with -o", fault.Usage},
}

// classify gives a server's error its kind.
func (c *Client) classify(code codes.Code, e *Error) error {
	doing := fmt.Sprintf("asking Spark at %s", c.addr)
	make := func(k fault.Kind, hint string) error {
		return fault.New(k, "%s: %w", doing, e).WithHint("%s", hint)
	}
	for _, r := range remedies {
		if strings.HasPrefix(e.Class, r.class) {
			return make(r.kind, r.hint)
		}
	}
	said := e.Reason + " " + e.Message + " " + e.Cause
	switch {
	case strings.Contains(said, outOfMemory) || strings.Contains(said, "maxResultSize"):
		return make(fault.Full, "give the server more memory (spark.driver.memory), or let it write the rows: -o hdfs://HOST:PORT/FOLDER/")
	case strings.Contains(said, "AccessControl") || strings.Contains(said, "Permission denied"):
		return make(fault.Auth, "the user of the Spark server may not read the file, or may not write in the folder")
	case strings.Contains(said, "quota of") || strings.Contains(said, "No space left on device") || strings.Contains(said, "could only be written to 0 of"):
		return make(fault.Full, "free some space there, or name another folder with -o")
	case strings.Contains(said, "ConnectException") || strings.Contains(said, "UnknownHostException"):
		return make(fault.Unavailable, "Spark could not reach the file system that the path names; is it up, and is this its address?")
	case strings.Contains(said, "is not a Parquet file"):
		return make(fault.Input, "Spark reads Parquet files here: convert others with `ecomctl convert IN -o OUT.parquet`")
	}
	switch code {
	case codes.Unavailable:
		if c.met.Load() {
			return make(fault.Unavailable, "the connection broke meanwhile: has the server ended, perhaps for want of memory? Its log tells; then ask again")
		}
		return make(fault.Unavailable, "is a Spark Connect server running there? `$SPARK_HOME/sbin/start-connect-server.sh` starts one; its port is 15002 unless told")
	case codes.DeadlineExceeded:
		return make(fault.Unavailable, "the server took too long to answer; ask again")
	case codes.Unimplemented, codes.Unknown:
		if e.Class == "" && e.Reason == "" {
			return make(fault.Unavailable, "what answers there is no Spark Connect server of version 4")
		}
	case codes.Unauthenticated, codes.PermissionDenied:
		return make(fault.Auth, "give a token: sc://HOST:PORT/;use_ssl=true;token=…")
	case codes.ResourceExhausted:
		return make(fault.Full, "the answer is larger than a message may be; let Spark write it: -o hdfs://HOST:PORT/FOLDER/")
	}
	return make(fault.Internal, "--explain shows the statements; the server's log tells more")
}

// Is reports whether an error is the server's, of an error condition that begins with class.
func Is(err error, class string) bool {
	var e *Error
	return errors.As(err, &e) && strings.HasPrefix(e.Class, class)
}

// firstLine drops the plans and stacks that follow a message.
func firstLine(s string) string {
	s = strings.TrimSpace(s)
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimSpace(line)
}

package hdfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/ecomctl/ecomctl/internal/backoff"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

const (
	patience  = 30 * time.Second
	firstWait = 100 * time.Millisecond
	longWait  = 3 * time.Second
	lastWait  = 800 * time.Millisecond
)

// maxRuns bounds how often work that takes long is begun anew.
const maxRuns = 2

// repeat calls op until it works, fails for good, or has failed for as long as patience; a try
// that lasted for half of it got somewhere, and patience begins anew, twice at most. After ctx
// ends it waits a moment for op, lest op makes a file behind the back of who cleans up, and
// returns then even if op hangs.
func (f *FS) repeat(ctx context.Context, what string, op func() error) error {
	var patient <-chan time.Time
	over := func() bool {
		select {
		case <-patient:
			return true
		default:
			return false
		}
	}
	runs := 0
	for wait := firstWait; ; wait = min(2*wait, longWait) {
		done := make(chan error, 1)
		long := time.NewTimer(f.opt.Patience / 2)
		go func() { done <- op() }()
		var err error
		select {
		case <-ctx.Done():
			select {
			case <-done: //nolint:errcheck // the interrupt is the cause
			case <-time.After(lastWait):
			}
			return vfs.Classify(ctx.Err(), what)
		case err = <-done:
		}
		if err == nil {
			return nil
		}
		if !long.Stop() && runs < maxRuns {
			runs, wait, patient = runs+1, firstWait, nil
		}
		if patient == nil {
			patient = time.After(f.opt.Patience)
		}
		if !passing(err) || over() {
			return f.classify(err, what)
		}
		select {
		case <-ctx.Done():
			return vfs.Classify(ctx.Err(), what)
		case <-time.After(backoff.Jitter(wait)):
		}
	}
}

// passing tells whether an error may be gone in a while: connections that break or are
// refused, a name node in safe mode or standby, blocks that are not there yet.
func passing(err error) bool {
	if remote, ok := remoteOf(err); ok {
		switch e := remote.Exception(); {
		case strings.HasSuffix(e, "SafeModeException"), strings.HasSuffix(e, "StandbyException"), strings.HasSuffix(e, "RetriableException"),
			strings.HasSuffix(e, "NotReplicatedYetException"), strings.HasSuffix(e, "AlreadyBeingCreatedException"):
			return true
		}
		return false
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrExist) {
		return false
	}
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrDeadlineExceeded) || hdfs.IsErrReplicating(err) ||
		strings.Contains(err.Error(), "no available namenodes") || strings.Contains(err.Error(), "no available datanodes") || strings.Contains(err.Error(), "no available blocks")
}

// unanswered reports whether a call may have done its work although it failed: no answer of the server came.
func unanswered(err error) bool {
	if err == nil {
		return false
	}
	_, ok := remoteOf(err)
	return !ok && passing(err)
}

// remoteOf finds the exception of a server in an error.
func remoteOf(err error) (hdfs.Error, bool) {
	var remote hdfs.Error
	ok := errors.As(err, &remote)
	return remote, ok
}

// classify gives an error of the client its kind and remedy.
func (f *FS) classify(err error, what string) error {
	var known *fault.Error
	var remote hdfs.Error
	switch {
	case errors.As(err, &known):
		return fault.Wrap(err, "%s", what)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrExist), errors.Is(err, syscall.ENOTEMPTY):
		return vfs.Classify(err, what)
	case errors.As(err, &remote):
		return remoteError(remote, what)
	case strings.Contains(err.Error(), "unexpected sequence number"):
		return fault.New(fault.Auth, "%s: the name node refuses this way to log in; most likely it asks for Kerberos", what).
			WithHint("set HADOOP_CONF_DIR to a folder with the cluster's core-site.xml and hdfs-site.xml")
	case strings.Contains(err.Error(), "invalid wire-format"):
		return fault.New(fault.Input, "%s: the answer of a data node cannot be read: %w", what, err).
			WithHint("data nodes that insist on dfs.data.transfer.protection integrity or privacy are not spoken to: let them allow authentication as well")
	case passing(err):
		return fault.New(fault.Unavailable, "%s: HDFS has not answered for %d s: %w", what, int(f.opt.Patience.Seconds()), err).
			WithHint("see whether the name node and the data nodes run and can be reached from here")
	}
	return vfs.Classify(err, what)
}

// remoteError shows the first line of the server's message, without its stack.
func remoteError(err hdfs.Error, what string) error {
	line, _, _ := strings.Cut(err.Message(), "\n")
	short := err.Exception()[strings.LastIndexByte(err.Exception(), '.')+1:]
	text := fmt.Errorf("%s: %s", short, strings.TrimSpace(line))
	switch {
	case short == "SafeModeException":
		return fault.New(fault.Unavailable, "%s: %w", what, text).WithHint("the name node is in safe mode: wait, or end it with hdfs dfsadmin -safemode leave")
	case strings.Contains(short, "QuotaExceeded"), strings.Contains(line, "could only be written to 0 of"):
		return fault.New(fault.Full, "%s: %w", what, text).WithHint("free some room on the cluster, or raise the quota")
	case short == "PathIsNotEmptyDirectoryException", short == "ParentNotDirectoryException", short == "FileAlreadyExistsException":
		return fault.New(fault.Usage, "%s: %w", what, text)
	case short == "UnresolvedPathException", strings.Contains(line, "erasure"), strings.Contains(line, "encryption zone"):
		return fault.New(fault.Input, "%s: %w", what, text).WithHint("erasure coding, encryption zones and links are not read: copy the file to a plain folder")
	}
	return fault.New(fault.Input, "%s: %w", what, text)
}

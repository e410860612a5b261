// Command hdfs measures what reading from HDFS adds to a report: the report over a local file,
// over the same file on HDFS, and a read of its bytes by the bare client, in turn. It writes the
// figures between the marks of a page and fails when the report from HDFS takes more than the local
// one and 1.2 times the bare read.
//
//	go run ./scripts/bench/hdfs ECOMCTL LOCAL-FILE HDFS-URL ROUNDS PAGE
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colinmarc/hdfs/v2" //nolint:depguard // the bare client is what is measured

	"github.com/ecomctl/ecomctl/test/figures"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == "read":
		err = read(os.Args[2], os.Args[3])
	case len(os.Args) == 6:
		err = measure(os.Args[1:])
	default:
		err = fmt.Errorf("usage: hdfs ECOMCTL LOCAL-FILE HDFS-URL ROUNDS PAGE")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1) //nolint:forbidigo // a program of its own
	}
}

// read takes a file's bytes in order through one reader of the client.
func read(address, name string) error {
	c, err := hdfs.NewClient(hdfs.ClientOptions{Addresses: []string{address}, User: os.Getenv("USER") + "bench"}) //nolint:forbidigo // a program of its own
	if err != nil {
		return err
	}
	defer c.Close()
	f, err := c.Open(name)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, f, make([]byte, 1<<20))
	return err
}

// run is the time of one process.
type run struct{ wall, cpu time.Duration }

func timed(name string, args ...string) (run, error) {
	c := exec.Command(name, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	begun := time.Now() //nolint:forbidigo // it measures
	if err := c.Run(); err != nil {
		return run{}, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out.String())
	}
	return run{time.Since(begun), c.ProcessState.UserTime() + c.ProcessState.SystemTime()}, nil //nolint:forbidigo // it measures
}

// median of the rounds, wall and processor apart.
func median(runs []run) run {
	of := func(f func(run) time.Duration) time.Duration {
		var d []time.Duration
		for _, r := range runs {
			d = append(d, f(r))
		}
		slices.Sort(d)
		return d[len(d)/2]
	}
	return run{of(func(r run) time.Duration { return r.wall }), of(func(r run) time.Duration { return r.cpu })}
}

func measure(args []string) error {
	ecomctl, local, url, page := args[0], args[1], args[2], args[4]
	rounds, err := strconv.Atoi(args[3])
	if err != nil || rounds < 1 {
		return fmt.Errorf("%s rounds", args[3])
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	address, name, _ := strings.Cut(strings.TrimPrefix(url, "hdfs://"), "/")
	dir, err := os.MkdirTemp("", "hdfs-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	near, far := filepath.Join(dir, "near.html"), filepath.Join(dir, "far.html")
	commands := [][]string{
		{ecomctl, "report", local, "--html", "-o", near, "-q"}, {ecomctl, "report", url, "--html", "-o", far, "-q"}, {self, "read", address, "/" + name},
	}
	var runs [3][]run
	for range rounds {
		for i, c := range commands {
			r, err := timed(c[0], c[1:]...)
			if err != nil {
				return err
			}
			runs[i] = append(runs[i], r)
		}
	}
	info, err := os.Stat(local)
	if err != nil {
		return err
	}
	return tell(page, info.Size(), rounds, median(runs[0]), median(runs[1]), median(runs[2]))
}

// tell writes the figures between the marks of a page, and judges them.
func tell(page string, size int64, rounds int, local, far, bare run) error {
	s := func(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }
	limit := run{local.wall + bare.wall*12/10, local.cpu + bare.cpu*12/10}
	text := fmt.Sprintf(`| medians of %d rounds, file of %.0f MB | processor, user + system (s) | wall (s) |
|---|---|---|
| report, local disk | %s | %s |
| bare client reading the file | %s | %s |
| **report, HDFS** | %s | %s |
| bar: local + 1.2 × bare client | %s | %s |
`, rounds, float64(size)/1e6, s(local.cpu), s(local.wall), s(bare.cpu), s(bare.wall), s(far.cpu), s(far.wall), s(limit.cpu), s(limit.wall))
	fmt.Fprint(os.Stderr, text)
	if err := figures.Write(page, "bench-hdfs", text); err != nil {
		return err
	}
	if far.wall > limit.wall {
		return fmt.Errorf("the report from HDFS takes %s s, more than %s", s(far.wall), s(limit.wall))
	}
	return nil
}

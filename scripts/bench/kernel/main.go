//go:build unix

// Command kernel times the algorithms alone, without reading and printing, for the
// comparison with libraries that are called in memory (scripts/bench/models.py):
//
//	kernel JOB FILE [ARGUMENT …]
//
// It prints one line of JSON: wall and CPU seconds of the work after loading, and a check that
// must equal the peers'. A job is one function in one file and a line in jobs.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// job loads its input and returns the work to time; work returns the check.
type job func(args []string) (work func() (check string, err error), err error)

var jobs = map[string]job{
	"clusters":  clusters,
	"iforest":   oddRows,
	"itemsets":  itemsets,
	"lifetime":  lifetime,
	"predict":   predict,
	"recommend": recommendations,
	"stl":       decompositions,
}

// line is what is printed.
type line struct {
	Wall  float64 `json:"wall"`
	CPU   float64 `json:"cpu"`
	Check string  `json:"check"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "kernel:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || jobs[args[0]] == nil {
		return fmt.Errorf("usage: kernel JOB FILE [ARGUMENT …]")
	}
	work, err := jobs[args[0]](args[1:])
	if err != nil {
		return err
	}
	runtime.GC() // what loading left behind is not the work's
	begun, used := time.Now(), cpu()
	check, err := work()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(line{time.Since(begun).Seconds(), cpu() - used, check})
}

// cpu returns the processor seconds of this process.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime)
}

// number reads argument i as an integer.
func number(args []string, i int) (n int64, err error) {
	if i >= len(args) {
		return 0, fmt.Errorf("argument %d is missing", i+1)
	}
	if _, err := fmt.Sscan(strings.TrimSpace(args[i]), &n); err != nil {
		return 0, fmt.Errorf("argument %q: %w", args[i], err)
	}
	return n, nil
}

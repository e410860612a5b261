package process_test

import (
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/process"
)

// TestEnded: this process runs, a waited-for child is gone, others' machines are not known.
func TestEnded(t *testing.T) {
	if ended, known := process.Ended(process.Name()); ended || !known {
		t.Errorf("this process: %v %v", ended, known)
	}
	host, _, _ := strings.Cut(process.Name(), "-")
	for _, name := range []string{"elsewhere-1", host, host + "-x", host + "-0", ""} {
		if _, known := process.Ended(name); known {
			t.Errorf("%q is known", name)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	c := exec.Command("true")
	if err := c.Run(); err != nil {
		t.Skip(err)
	}
	if ended, known := process.Ended(host + "-" + strconv.Itoa(c.Process.Pid)); !ended || !known {
		t.Errorf("an ended process: %v %v", ended, known)
	}
}

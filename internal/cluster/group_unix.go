//go:build unix

package cluster

import (
	"os/exec"
	"syscall"
)

// group makes a command and all that it starts (spark-submit is a shell that becomes Java) end together, by a signal that lets them
// tidy up, and keeps the terminal's interrupt from them: this process decides.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

//go:build unix

package process

import (
	"errors"
	"syscall"
)

// gone reports whether no process of this machine has the number.
func gone(pid int) (ended, known bool) {
	err := syscall.Kill(pid, 0)
	return err != nil && !errors.Is(err, syscall.EPERM), true
}

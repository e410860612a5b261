// Package process names the process that left a file behind, and tells whether it still runs.
package process

import (
	"os"
	"strconv"
	"strings"
)

// Name is this machine's name and the process's number, as letters, digits, _ and one hyphen.
func Name() string { return host() + "-" + strconv.Itoa(os.Getpid()) }

func host() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	clean := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	return clean[:min(len(clean), 64)]
}

// Ended reports whether the process of a name is gone. known is false for those of other
// machines, and where the system is not asked.
func Ended(name string) (ended, known bool) {
	machine, number, ok := strings.Cut(name, "-")
	pid, err := strconv.Atoi(number)
	if !ok || err != nil || pid <= 0 || machine != host() {
		return false, false
	}
	if pid == os.Getpid() {
		return false, true
	}
	return gone(pid)
}

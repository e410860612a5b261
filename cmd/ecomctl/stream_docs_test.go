package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestStreamPage runs the commands of docs/stream.md; those with Kafka are run by test/stream.
func TestStreamPage(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the page shows a POSIX shell")
	}
	self, err := os.Executable() // this test binary is ecomctl when called by that name
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "ecomctl")); err != nil {
		t.Fatal(err)
	}
	sh := func(line string) {
		t.Helper()
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+dir, "ECOMCTL_NOW=2026-01-15T06:00:00Z")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "stream.md"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if line, ok := strings.CutPrefix(line, "    ecomctl "); ok && !strings.Contains(line, "kafka://") {
			sh("ecomctl " + strings.TrimSpace(line))
			n++
		}
	}
	if n < 8 {
		t.Errorf("the page shows %d commands", n)
	}
	// the first two say the same
	sh(`cut -d, -f1,3-7 hours.csv | sed 1d >a && sed 1d same.csv >b && test -s a && cmp a b`)
}

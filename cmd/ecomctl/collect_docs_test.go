package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestCollectPage runs the commands of docs/collect.md; what test/collect runs with Kafka and Flume, and what listens, is left
// to it.
func TestCollectPage(t *testing.T) {
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
	sh := func(line string) string {
		t.Helper()
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+dir, "ECOMCTL_NOW=2026-03-01T00:00:00Z")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		return string(out)
	}
	sh("mkdir -p logs && ecomctl generate orders --rows 2000 --days 20 --dirty 0.01 -o logs/a.ndjson && mv logs/a.ndjson logs/a.log && echo '{\"half' >>logs/a.log")
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "collect.md"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		line, ok := strings.CutPrefix(line, "    ")
		ok = ok && (strings.HasPrefix(line, "ecomctl ") || strings.HasPrefix(line, "mkdir "))
		if ok && (strings.Contains(line, "--print-config") || !strings.Contains(line, "kafka://") && !strings.Contains(line, "--listen")) {
			sh(strings.TrimSpace(line))
			n++
		}
	}
	if n != 8 {
		t.Errorf("the page shows %d commands", n)
	}
	if got := sh("cat again.ndjson"); got != "{\"half\n" {
		t.Errorf("redriven: %q", got)
	}
}

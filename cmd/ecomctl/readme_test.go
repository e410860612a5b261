package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestREADME runs the commands that the READMEs show, in a folder with a small shop.
func TestREADME(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the READMEs show a POSIX shell")
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
		cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	sh("ecomctl generate orders --rows 3000 -o orders.csv && ecomctl generate orders --rows 3000 -o orders.parquet")
	sh("mkdir exports && cp orders.parquet exports/")
	sh("ecomctl validate orders.csv --suggest -o rules.yaml")
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			if line, ok := strings.CutPrefix(line, "    ecomctl "); ok {
				line, _, _ = strings.Cut(strings.TrimSpace(line), "  #")
				n++
				// what waits for requests, or talks to other machines, has tests of its own
				if !strings.HasPrefix(line, "serve ") && !strings.Contains(line, "://") {
					sh("ecomctl " + line)
				}
			}
		}
		if n < 5 {
			t.Errorf("%s shows %d commands", name, n)
		}
	}
}

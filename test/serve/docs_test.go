package serve_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

// TestDocs runs the commands of docs/serve.md one after the other, on a free port.
func TestDocs(t *testing.T) {
	root := harness.Root(t)
	lib := filepath.Join(root, "scripts", "services", "lib.sh")
	if out, err := exec.Command("bash", "-c", ". "+lib+"; have curl || apt_install curl").CombinedOutput(); err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatalf("curl is needed: %s", out)
		}
		t.Skipf("curl is missing: %s", out)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "serve.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	for _, err := range []error{os.Mkdir(bin, 0o750), os.Symlink(harness.Binary(t), filepath.Join(bin, "ecomctl")), os.Symlink(filepath.Join(root, "testdata"), filepath.Join(dir, "testdata"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	addr, monitor := free(t), free(t)
	ran := 0
	for _, block := range strings.Split(string(page), "```sh\n")[1:] {
		script, _, _ := strings.Cut(block, "```")
		script = strings.ReplaceAll(script, "127.0.0.1:5000", addr)
		c := exec.Command("bash", "-euo", "pipefail", "-c", strings.ReplaceAll(script, "curl -s", "curl --fail-with-body -sS"))
		c.Dir = dir
		c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "XDG_CONFIG_HOME="+dir, "ECOMCTL_NOW="+harness.Now)
		ran++
		if strings.HasPrefix(script, "ecomctl serve testdata") {
			c.Args[len(c.Args)-1] = "exec " + strings.TrimSpace(script) + " --listen " + addr + " --metrics " + monitor
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = c.Process.Kill()
				_ = c.Wait()
			})
			(&server{t: t, addr: addr}).ready()
			continue
		}
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%s%v\n%s", script, err, out)
		}
		for command, answer := range map[string]string{"sales/daily": `"date":"2024-01-31"`, "users/segments": "champions,", "If-None-Match": "304",
			"/reports": "202 Accepted", `"analysis":"forecast"`: `"state"`, "keys list": "dashboard,read,", "doctor --only": "ok      root (testdata)"} {
			if strings.Contains(script, command) && !strings.Contains(string(out), answer) {
				t.Errorf("%sgives no %s: %.1000s", script, answer, out)
			}
		}
	}
	if ran < 5 {
		t.Errorf("only %d blocks of commands", ran)
	}
}

// free finds a port that nobody uses.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

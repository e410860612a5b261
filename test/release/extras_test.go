package release_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// TestExtras makes what the archives hold beside the binary: completions and a
// man page for every command.
func TestExtras(t *testing.T) {
	for shell, mark := range map[string]string{
		"bash": "complete", "zsh": "#compdef", "fish": "complete -c ecomctl", "powershell": "Register-ArgumentCompleter",
	} {
		if out := harness.Must(t, "", "completion", shell); !bytes.Contains(out, []byte(mark)) {
			t.Errorf("completion %s holds no %q", shell, mark)
		}
	}
	dir := filepath.Join(t.TempDir(), "man")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	harness.Must(t, "", "man", dir)
	pages, err := filepath.Glob(filepath.Join(dir, "ecomctl*.1"))
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, p := range pages {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(raw, []byte(".TH")) {
			t.Errorf("%s is no man page", filepath.Base(p))
		}
		have[strings.TrimSuffix(filepath.Base(p), ".1")] = true
	}
	for _, name := range []string{"ecomctl", "ecomctl-report", "ecomctl-sales", "ecomctl-rfm", "ecomctl-clean", "ecomctl-query"} {
		if !have[name] {
			t.Errorf("no man page %s among %d", name, len(pages))
		}
	}
}

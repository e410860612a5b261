// Package release_test proves what a release promises: `go install` works from
// the module alone, without Node, a C compiler or a replace directive.
package release_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

const (
	module  = "github.com/ecomctl/ecomctl"
	version = "v0.0.1"
)

// TestInstall packs the tree as the module proxy would, serves it from a folder,
// and runs `go install …/cmd/ecomctl@latest` with an empty module cache and a
// PATH that holds nothing but Go.
func TestInstall(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the whole program")
	}
	root := harness.Root(t)
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(gomod), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "replace") {
			t.Fatalf("go.mod has %q: go install refuses modules with replace directives", line)
		}
	}
	proxy := t.TempDir()
	serve(t, root, proxy, gomod)

	gobin, cache := t.TempDir(), t.TempDir()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	old := goEnv(t, "GOMODCACHE")
	env := append(without(os.Environ(), "PATH", "GOFLAGS", "GOBIN", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GOWORK", "CGO_ENABLED", "CC"),
		"PATH="+filepath.Dir(goTool), "GOFLAGS=-modcacherw -trimpath", "GOBIN="+gobin, "GOMODCACHE="+cache, "CGO_ENABLED=0",
		// the module from here; its dependencies from what is downloaded already, else from the usual place
		"GOPROXY="+strings.Join([]string{fileURL(proxy), fileURL(filepath.Join(old, "cache", "download")), goEnv(t, "GOPROXY")}, ","),
		"GOSUMDB=off", "GOWORK=off")
	cmd := exec.Command(goTool, "install", module+"/cmd/ecomctl@latest")
	cmd.Dir, cmd.Env = t.TempDir(), env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go install: %v\n%s", err, out)
	}

	bin := filepath.Join(gobin, "ecomctl")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	out, err := exec.Command(bin, "version").CombinedOutput()
	if err != nil {
		t.Fatalf("ecomctl version: %v\n%s", err, out)
	}
	if want := strings.TrimPrefix(version, "v"); !strings.Contains(string(out), want) {
		t.Errorf("the installed binary calls itself %q, want version %s", out, want)
	}
}

// serve writes the folder of a module proxy that holds one version of the tree.
func serve(t *testing.T, root, proxy string, gomod []byte) {
	t.Helper()
	dir := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	info, err := json.Marshal(map[string]string{"Version": version, "Time": "2026-01-01T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"list": []byte(version + "\n"), version + ".info": info, version + ".mod": gomod} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	for _, name := range tracked(t, root) {
		if err := pack(w, root, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// tracked lists the files that a commit of the work tree would hold, less those
// of nested modules, as the go command leaves them out too.
func tracked(t *testing.T, root string) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-co", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	all := strings.Fields(string(out))
	var nested []string
	for _, name := range all {
		if strings.HasSuffix(name, "/go.mod") {
			nested = append(nested, strings.TrimSuffix(name, "go.mod"))
		}
	}
	var files []string
next:
	for _, name := range all {
		for _, dir := range nested {
			if strings.HasPrefix(name, dir) {
				continue next
			}
		}
		if st, err := os.Lstat(filepath.Join(root, name)); err == nil && st.Mode().IsRegular() {
			files = append(files, name)
		}
	}
	return files
}

func pack(w *zip.Writer, root, name string) error {
	in, err := os.Open(filepath.Join(root, name))
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := w.Create(fmt.Sprintf("%s@%s/%s", module, version, filepath.ToSlash(name)))
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return err
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return "file://" + path
}

// without drops variables of an environment.
func without(env []string, names ...string) []string {
	var kept []string
next:
	for _, kv := range env {
		for _, n := range names {
			if strings.HasPrefix(kv, n+"=") {
				continue next
			}
		}
		kept = append(kept, kv)
	}
	return kept
}

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/cli"
	"github.com/ecomctl/ecomctl/internal/term"
)

// TestCommandPages keeps docs/cli equal to what the command tree prints. Make it anew
// with ECOMCTL_UPDATE_DOCS=1 go test -run TestCommandPages ./cmd/ecomctl.
func TestCommandPages(t *testing.T) {
	docs := filepath.Join("..", "..", "docs", "cli")
	dir := t.TempDir()
	update := os.Getenv("ECOMCTL_UPDATE_DOCS") != ""
	if update {
		if err := os.RemoveAll(docs); err != nil {
			t.Fatal(err)
		}
		dir = docs
	}
	app := &cli.App{IO: &term.IO{In: bytes.NewReader(nil), Out: io.Discard, Err: os.Stderr}, Getenv: func(string) string { return "" }, Now: time.Now}
	if code := app.Run(context.Background(), []string{"man", dir, "--format", "markdown", "-q"}); code != 0 {
		t.Fatalf("ecomctl man: exit code %d", code)
	}
	want, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil || len(want) < 10 {
		t.Fatalf("%d pages, %v", len(want), err)
	}
	have, err := filepath.Glob(filepath.Join(docs, "*.md"))
	if err != nil || len(have) != len(want) {
		t.Errorf("docs/cli has %d pages, the command tree %d: make them anew with ECOMCTL_UPDATE_DOCS=1", len(have), len(want))
	}
	for _, page := range want {
		a, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(docs, filepath.Base(page)))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("docs/cli/%s is not what the command says: make it anew with ECOMCTL_UPDATE_DOCS=1", filepath.Base(page))
		}
	}
}

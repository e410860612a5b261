package stream

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTwoWriteOneFile: of two runs that write one file whole, each has its own until it ends; the last
// one's is there then, and nothing else.
func TestTwoWriteOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "windows.csv")
	var files []*File
	for _, text := range []string{"the first one's, which is longer\n", "the second one's\n"} {
		f, err := OpenFile(path, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for i, want := range []string{"the first one's, which is longer\n", "the second one's\n"} {
		if err := files[i].Close(true); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("after run %d: %q, %v", i+1, got, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// historyIn makes a folder with a file and its history.
func historyIn(t *testing.T) (h *History, write func(string), env func(string) string) {
	t.Helper()
	dir, state := t.TempDir(), t.TempDir()
	file := filepath.Join(dir, FileName)
	env = func(k string) string { return map[string]string{"XDG_STATE_HOME": state}[k] }
	h, err := HistoryOf(file, env)
	if err != nil {
		t.Fatal(err)
	}
	return h, func(s string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}, env
}

func TestHistory(t *testing.T) {
	h, write, env := historyIn(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	record := func() {
		t.Helper()
		at = at.Add(time.Hour)
		if err := h.Record(at); err != nil {
			t.Fatal(err)
		}
	}
	record() // no file: nothing to keep
	write("tz: UTC\n")
	record()
	record() // the same: kept once
	write("tz: Asia/Shanghai\ncurrency: CNY\n")
	record()
	write("# in words\ntz: Asia/Shanghai\ncurrency: CNY\n")
	record()
	list, err := h.Versions()
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	for i, want := range [][]string{{"tz"}, {"currency", "tz"}, nil} {
		if v := list[i]; v.N != i+1 || !slices.Equal(v.Changes, want) || v.Current != (i == 2) {
			t.Errorf("version %+v, want changes %v", v, want)
		}
	}
	if st, err := os.Stat(filepath.Join(h.dir, "000001-"+fmt.Sprint(list[0].Time.Unix())+".yaml")); err != nil || st.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v: others can read it", st, err)
	}
	if v, err := h.Rollback(context.Background(), 1, at, env, true); err != nil || v.N != 1 || !slices.Equal(v.Changes, []string{"currency", "tz"}) {
		t.Errorf("dry: %+v, %v", v, err)
	}
	if got, _ := h.read(); !strings.HasPrefix(string(got), "# in words") {
		t.Errorf("a dry run wrote %q", got)
	}
	if _, err := h.Rollback(context.Background(), 1, at, env, false); err != nil {
		t.Fatal(err)
	}
	if got, _ := h.read(); string(got) != "tz: UTC\n" {
		t.Errorf("after the rollback: %q", got)
	}
	// what was there is one rollback away
	if v, err := h.Rollback(context.Background(), 0, at, env, false); err != nil || v.N != 3 {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestRollbackRefuses: a version that is not there, that has a mistake, or none at all.
func TestRollbackRefuses(t *testing.T) {
	h, write, env := historyIn(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	back := func(n int) error {
		_, err := h.Rollback(context.Background(), n, now, env, false)
		return err
	}
	if err := back(0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("nothing kept: %v", err)
	}
	write("tz: Nowhere/Atlantis\n")
	if err := h.Record(now); err != nil {
		t.Fatal(err)
	}
	write("tz: UTC\n")
	if err := back(1); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "Atlantis") || strings.Contains(err.Error(), ".ecomctl-check") {
		t.Errorf("a version with a mistake: %v", err)
	}
	if err := back(7); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no such version: %v", err)
	}
	if got, _ := h.read(); string(got) != "tz: UTC\n" {
		t.Errorf("a refused rollback wrote %q", got)
	}
}

// TestHistoryIsBounded keeps the last fifty.
func TestHistoryIsBounded(t *testing.T) {
	h, write, _ := historyIn(t)
	for i := range keptVersions + 7 {
		write(fmt.Sprintf("threads: %d\n", i+1))
		if err := h.Record(time.Unix(int64(i+1), 0)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := h.Versions()
	if err != nil || len(list) != keptVersions || list[len(list)-1].N != keptVersions+7 {
		t.Errorf("%d versions, %v", len(list), err)
	}
	if _, err := HistoryOf("x", func(string) string { return "" }); !errors.As(err, new(*fault.Error)) {
		t.Errorf("without a state folder: %v", err)
	}
}

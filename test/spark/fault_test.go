package spark_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// refused runs a command that must fail with a code and say all of these.
func refused(t *testing.T, code int, args []string, says ...string) {
	t.Helper()
	o := run(args...)
	if o.code != code || o.out != "" {
		t.Errorf("ecomctl %s: exit code %d, want %d; printed %q\n%s", strings.Join(args, " "), o.code, code, o.out, o.errs)
	}
	for _, s := range says {
		if !strings.Contains(o.errs, s) {
			t.Errorf("ecomctl %s: it does not say %q:\n%s", strings.Join(args, " "), s, o.errs)
		}
	}
	if strings.Count(o.errs, "ecomctl: ") != 1 || strings.Contains(o.errs, "at org.apache") {
		t.Errorf("ecomctl %s: not one clear error:\n%s", strings.Join(args, " "), o.errs)
	}
}

func TestRefusals(t *testing.T) {
	there := []string{"--engine", "spark", "--spark", "sc://127.0.0.1:1"}
	file := hostile(t, 3, 100, wallType)
	refused(t, 1, append([]string{"sales", file}, there...), "asking Spark at sc://127.0.0.1:1", "hint: is a Spark Connect server running there?")
	refused(t, 2, []string{"sales", file, "--engine", "spark"}, "on which server?", "--spark sc://HOST:15002")
	refused(t, 2, []string{"sales", file, "--engine", "spark", "--spark", "http://x"}, "sc://HOST:15002")
	refused(t, 2, append([]string{"basket", file}, there...), "--engine spark answers sales", "leave --engine spark out")
	refused(t, 2, append([]string{"report", file}, there...), "--engine spark answers sales")
	refused(t, 2, []string{"sales", file, "--engine", "flink"}, "choose one of local, spark")
}

func TestServerErrors(t *testing.T) {
	there := []string{"--engine", "spark", "--spark", server(t)}
	dir := t.TempDir()
	refused(t, 1, append([]string{"sales", filepath.Join(dir, "absent.parquet")}, there...), "PATH_NOT_FOUND", "42K03", "Spark reads paths on its own machines")
	refused(t, 2, append([]string{"sales", filepath.Join(dir, "orders.csv")}, there...), "reads Parquet", "ecomctl convert")
	text := filepath.Join(dir, "text.parquet")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no parquet "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, append([]string{"sales", text}, there...), "CANNOT_READ_FILE_FOOTER", "ecomctl convert")
	few := hostile(t, 4, 100, wallType)
	refused(t, 2, append([]string{"sales", few, "--where", "matches(region, '(?m)^S')"}, there...), "has another meaning there", "like")
	two := &table{}
	two.add("product_id", textType, 2, func(int) any { return "a" })
	two.add("category", textType, 2, func(i int) any { return []any{"x", "y"}[i] })
	refused(t, 1, append([]string{"sales", few, "--map", "category=", "--by", "category", "--products", two.write(t, filepath.Join(dir, "two.parquet"))}, there...),
		"joining products: the key a occurs in several rows", "one row a key")
}

// linked writes a folder that holds the same 20,000 lines many times, as files of their own.
func linked(t *testing.T, files int) (file, folder string) {
	t.Helper()
	const rows = 20_000
	big := &table{}
	big.add("order_ts", wallType, rows, func(int) any { return int64(1_700_000_000_000_000) })
	big.add("order_id", intType, rows, func(i int) any { return int64(i) })
	big.add("customer_id", intType, rows, func(i int) any { return int64(i % 97) })
	big.add("product_id", intType, rows, func(i int) any { return int64(i) })
	big.add("quantity", intType, rows, func(int) any { return int64(1) })
	big.add("unit_price", realType, rows, func(i int) any { return float64(i) })
	dir := t.TempDir()
	file, folder = big.write(t, filepath.Join(dir, "big.parquet")), filepath.Join(dir, "many")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if err := os.Link(file, filepath.Join(folder, fmt.Sprintf("%d.parquet", i))); err != nil {
			t.Fatal(err)
		}
	}
	return file, folder
}

// interrupted starts a command as a process of its own, interrupts it when now tells, and returns its exit code and messages. A command that ends
// before has the code of its end.
func interrupted(t *testing.T, now func() bool, args ...string) (code int, errs string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for over := false; !over && !now(); {
		select {
		case <-ended:
			over = true
			ended <- nil
		case <-look.C:
		}
	}
	_ = c.Process.Signal(syscall.SIGINT) // it may have ended
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		_ = c.Process.Kill()
		t.Fatal("it did not end within two minutes of the interruption")
	}
	return c.ProcessState.ExitCode(), said.String()
}

// An interrupted command stops what it began on the server: the next statement finds nothing running.
func TestInterrupt(t *testing.T) {
	address := server(t)
	file, many := linked(t, 1000) // minutes of work
	begun := time.Now()
	after := func() bool { return time.Since(begun) > 4*time.Second }
	code, errs := interrupted(t, after, "query", many, "--by", "product_id", "--measure", "median(unit_price),distinct(order_id)", "--engine", "spark", "--spark", address)
	if code != 130 {
		t.Errorf("exit code %d, want 130\n%s", code, errs)
	}
	// the server's session is gone with all that ran in it, and it answers others
	if o := run("query", file, "--measure", "lines", "--engine", "spark", "--spark", address); o.code != 0 || !strings.Contains(o.out, "20000") {
		t.Errorf("after the interruption: exit code %d\n%s%s", o.code, o.out, o.errs)
	}
}

// A result that is interrupted while Spark writes it is not there, not even in part; one that was faster is whole.
func TestInterruptedWriting(t *testing.T) {
	address := server(t)
	_, many := linked(t, 20)
	dir := t.TempDir()
	writing := func() bool {
		found, err := filepath.Glob(filepath.Join(dir, ".there.ecomctl-*.tmp", "_temporary"))
		return err == nil && len(found) > 0
	}
	code, errs := interrupted(t, writing, "query", many, "--by", "product_id,customer_id,order_id", "-o", "file://"+dir+"/there/", "--engine", "spark", "--spark", address)
	t.Logf("exit code %d", code)
	switch code {
	case 130:
		onlyThese(t, dir)
	case 0:
		onlyThese(t, dir, "there")
		if n := strings.Count(text(t, filepath.Join(dir, "there")), "\n"); n != 20_001 {
			t.Errorf("%d lines", n)
		}
	default:
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

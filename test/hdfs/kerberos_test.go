package hdfs_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// realm starts a key distribution centre and returns the folder of its files.
func realm(t *testing.T) string {
	t.Helper()
	t.Setenv("KRB5_INSTANCE", fmt.Sprintf("test-%d", os.Getpid()))
	t.Setenv("KRB5_PORT", fmt.Sprint(portBase(t)+20))
	run := func(name string, args ...string) (string, error) {
		out, err := exec.Command("bash", append([]string{filepath.Join(scripts, "..", "krb5", name)}, args...)...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	out, err := run("install.sh")
	if err == nil {
		out, err = run("start.sh")
	}
	t.Cleanup(func() { _, _ = run("stop.sh", "--clean") })
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatalf("Kerberos: %v\n%s", err, out)
		}
		t.Skipf("Kerberos is not here: %s", out)
	}
	return out[strings.LastIndexByte(out, '\n')+1:]
}

// TestKerberos: a cluster that asks for tickets. Keytab and
// ticket cache both work; without a ticket, with one that ended, or without the settings, one
// error says what to do.
func TestKerberos(t *testing.T) {
	dir := realm(t)
	t.Setenv("HADOOP_KRB5", dir)
	url := cluster(t)
	url = url[:strings.Index(url, "/test/")]
	out, err := script("run.sh", "conf")
	if err != nil {
		t.Fatal(out)
	}
	t.Setenv("HADOOP_CONF_DIR", strings.TrimSpace(out))
	t.Setenv("KRB5_CONFIG", dir+"/krb5.conf")
	file := filepath.Join(t.TempDir(), "a.csv")
	must(t, os.WriteFile(file, []byte("order_id,order_ts,amount\n1,2024-01-01,5\n"), 0o600))

	t.Run("keytab", func(t *testing.T) {
		t.Setenv("KRB5_CLIENT_KTNAME", dir+"/nn.keytab")
		run(t, 0, "hdfs", "put", file, url+"/a.csv")
		if got, _ := run(t, 0, "sales", url+"/a.csv", "--by", "year", "-q"); !strings.Contains(got, "2024-01-01,5,1") {
			t.Errorf("%s", got)
		}
	})
	cache := filepath.Join(t.TempDir(), "cache")
	kinit := func(life string) {
		t.Helper()
		if out, err := exec.Command("kinit", "-l", life, "-k", "-t", dir+"/alice.keytab", "-c", cache, "alice").CombinedOutput(); err != nil {
			t.Fatalf("kinit: %s", out)
		}
	}
	t.Run("ticket cache", func(t *testing.T) {
		kinit("1h")
		t.Setenv("KRB5CCNAME", "FILE:"+cache)
		if got, _ := run(t, 0, "hdfs", "ls", url+"/", "--columns", "path"); !strings.Contains(got, "/a.csv") {
			t.Errorf("%s", got)
		}
		if _, errs := run(t, 1, "hdfs", "put", file, url+"/alice.csv"); !strings.Contains(errs, "no permission") {
			t.Errorf("alice may not write there: %s", errs)
		}
	})
	for _, c := range []struct {
		name string
		env  map[string]string
		want []string
	}{
		{"no ticket", map[string]string{"KRB5CCNAME": cache + "-none"}, []string{"there is no ticket cache", "run kinit"}},
		{"a damaged cache", map[string]string{"KRB5CCNAME": file}, []string{"a.csv", "run kinit"}},
		{"a cache of another kind", map[string]string{"KRB5CCNAME": "KEYRING:persistent:0"}, []string{"KEYRING", "only files are read"}},
		{"no keytab", map[string]string{"KRB5_CLIENT_KTNAME": dir + "/none.keytab"}, []string{"none.keytab", "KRB5_CLIENT_KTNAME"}},
		{"a damaged keytab", map[string]string{"KRB5_CLIENT_KTNAME": file}, []string{"a.csv"}},
		{"no krb5.conf", map[string]string{"KRB5_CONFIG": dir + "/none.conf"}, []string{"none.conf", "KRB5_CONFIG"}},
		{"no settings", map[string]string{"HADOOP_CONF_DIR": ""}, []string{"asks for Kerberos", "HADOOP_CONF_DIR"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			_, errs := run(t, 1, "hdfs", "ls", url+"/")
			for _, w := range c.want {
				if !strings.Contains(errs, w) {
					t.Errorf("%q is not in: %s", w, errs)
				}
			}
		})
	}
}

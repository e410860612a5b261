package collect

import (
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// TestFlumeNames: what Flume or the format of its configuration would take for something else is escaped, or refused
// without the password that it may hold.
func TestFlumeNames(t *testing.T) {
	good := FlumeOptions{Paths: []string{"/log/shop.log"}, State: "/state", HDFS: "hdfs://nn:8020/shop", Roll: 1 << 20}
	for name, change := range map[string]func(o *FlumeOptions){
		"a line break in the folder":  func(o *FlumeOptions) { o.HDFS += "\ncollect.sinks.out.type = null" },
		"a line break in the state":   func(o *FlumeOptions) { o.State += "\nx = y" },
		"a line break in a path":      func(o *FlumeOptions) { o.Paths[0] += "\nx = y" },
		"a variable in the folder":    func(o *FlumeOptions) { o.HDFS += "/${env:HOME}" },
		"a variable in the state":     func(o *FlumeOptions) { o.State += "/${x}" },
		"an escape in the folder":     func(o *FlumeOptions) { o.HDFS += "/%{host}" },
		"no folder":                   func(o *FlumeOptions) { o.HDFS = "hdfs://nn:8020/" },
		"nothing":                     func(o *FlumeOptions) { o.HDFS = "hdfs://" },
		"a user":                      func(o *FlumeOptions) { o.HDFS = "hdfs://ann:geheim@nn:8020/shop" },
		"a pattern that never closes": func(o *FlumeOptions) { o.Paths[0] = "/log/[ab" },
	} {
		o := good
		o.Paths = []string{good.Paths[0]}
		change(&o)
		text, err := Flume(o)
		if fault.KindOf(err) != fault.Usage || text != "" || fault.HintOf(err) == "" || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	odd := good
	odd.Paths, odd.State = []string{`/log/ä 𝄞\b.log`}, `/state #1`
	text, err := Flume(odd)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`filegroups.g1 = /log/\u00e4 \ud834\udd1e\\\\b\\.log`, // the pattern for a backslash is two, each of them written twice
		`positionFile = /state #1/taildir.json`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}

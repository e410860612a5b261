package flink_test

import (
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/engine/flink"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/session"
)

// TestNames: names that Flink or its connector would write wrongly are refused; odd ones that it writes rightly are quoted.
func TestNames(t *testing.T) {
	for want, change := range map[string]func(s *flink.Spec){
		"the table \"a`b\"":     func(s *flink.Spec) { s.Table.Name = "a`b" },
		"the table \"a:b\"":     func(s *flink.Spec) { s.Table.Name = "a:b" },
		"the database \"a?b\"":  func(s *flink.Spec) { s.Table.Database = "a?b" },
		"the dimension \"a b\"": func(s *flink.Spec) { s.Query.Dims[0].Name = "a b" },
		"the dimension \"a`\"":  func(s *flink.Spec) { s.Query.Dims[0].Name = "a`" },
	} {
		if _, err := job(t, orders, session.Settings{}, "region", change); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	odd := strings.ReplaceAll(orders, `"region"`, `"re`+"`"+`gi'on; DROP TABLE x; -- \\"`)
	script, err := job(t, odd, session.Settings{Maps: map[string]string{"region": "re`gi'on; DROP TABLE x; -- \\"}}, "region", nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := flink.Print(script); !strings.Contains(text, "`re``gi'on; DROP TABLE x; -- \\` STRING") {
		t.Error(text)
	}
	broken := strings.ReplaceAll(orders, `"region"`, `"re\ngion"`)
	if _, err := job(t, broken, session.Settings{Maps: map[string]string{"region": "re\ngion"}}, "region", nil); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), `"re\ngion"`) {
		t.Error(err)
	}
}

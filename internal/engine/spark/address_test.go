package spark

import (
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]Address{
		"sc://h":                             {Host: "h:15002", User: "ann"},
		"sc://h:1/":                          {Host: "h:1", User: "ann"},
		"sc://[::1]:9":                       {Host: "[::1]:9", User: "ann"},
		"sc://::1":                           {Host: "[::1]:15002", User: "ann"},
		"sc://h:1/;use_ssl=true;user_id=bob": {Host: "h:1", TLS: true, User: "bob"},
		"sc://h:1/;token=geheim":             {Host: "h:1", TLS: true, Token: "geheim", User: "ann"},
	} {
		if got, err := ParseAddress(text, "ann"); err != nil || got != want || strings.Contains(got.String(), "geheim") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"sc://", "sc:///x", "sc://:1", "http://h", "sc://h:0", "sc://h:99999", "sc://h:x", "sc://bob:geheim@h:1", "sc://bob:gehe/im@h", "sc:///geheim@h", "sc://h:1/;use_ssl=yes",
		"sc://h:1/;use_ssl=false;token=geheim", "sc://h:1/;token=geheim;use_ssl=false", "sc://h:1/;other=geheim"} {
		if _, err := ParseAddress(bad, "ann"); fault.KindOf(err) != fault.Usage || fault.HintOf(err) == "" || strings.Contains(err.Error(), "gehe") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

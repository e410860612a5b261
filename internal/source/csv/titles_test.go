package csv

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/ecomctl/ecomctl/internal/frame"
)

const table = "id,day,n\na,2024-01-01,1\nb,2024-01-02,2\nc,2024-01-03,3\n"

func TestTitlesAboveTheHeader(t *testing.T) {
	plain := strings.Join(read(t, table, Options{}).rows, " ")
	for name, c := range map[string]struct{ above, notice string }{
		"a title":               {"Orders report\n", `a line above the header is no part of the table: "Orders report"`},
		"a comment":             {"# made by a shop\n", "no part of the table"},
		"titles and blank ones": {"Orders\r\nReport generated on 2024-02-01 10:00\r\n\r\n", `2 lines above the header are no part of the table: "Orders", "Report generated on 2024-02-01 10:00"`},
		"filled up":             {"Orders of January,,\n,,\n", `"Orders of January"`},
		"many":                  {"a\nb\nc\nd\n", `"a", "b", "c", …`},
		"quoted over two lines": {"\"Orders\nof January\"\n", "a line above the header"},
	} {
		text := c.above + table
		if got := strings.Join(read(t, text, Options{}).rows, " "); got != plain {
			t.Errorf("%s: rows %q, want %q", name, got, plain)
		}
		ds := open(t, []byte(text), Options{})
		if f := ds.Schema().Fields(); len(f) != 3 || f[0].Name != "id" || f[1].Name != "day" {
			t.Errorf("%s: columns %v", name, f)
		}
		if got := strings.Join(ds.Notices(), "\n"); !strings.Contains(got, c.notice) {
			t.Errorf("%s: notices %q, want %q", name, got, c.notice)
		}
		for say, packed := range map[string][]byte{"gzip": gz([]byte(text)), "UTF-16": encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), text)} {
			if d, err := readAll(packed, Options{}, frame.Any, 1); err != nil || strings.Join(d.rows, " ") != plain {
				t.Errorf("%s in %s: %v %v", name, say, d.rows, err)
			}
		}
	}
}

func TestTitlesKeepTheDelimiterAndTheLines(t *testing.T) {
	text := "Report, January\n\n" + strings.ReplaceAll(table, ",", ";") + "d;2024-01-04\n"
	ds := open(t, []byte(text), Options{})
	if d := ds.Inputs()[0].Detail; !strings.Contains(d, "delimiter ;") {
		t.Error(d)
	}
	r, err := ds.Splits()[0].Open(context.Background(), all(ds))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b frame.Batch
	if err := r.Next(&b); err != nil {
		t.Fatal(err)
	}
	if len(b.Bad) != 1 || b.Bad[0].InFile != 7 || b.Bad[0].Row != 3 {
		t.Errorf("bad rows %+v, want row 3 at line 7", b.Bad)
	}
}

// Lines that may be data are never taken for titles.
func TestWhatIsNoTitle(t *testing.T) {
	for name, text := range map[string]string{
		"baskets":                      "milk\nbread,butter\nmilk,beer\nmilk,eggs\nbread,eggs\n",
		"baskets of numbers":           "5\n1,2\n3,4\n5,6\n7,8\n",
		"a short first row":            "1\n2,x,3\n4,y,6\n",
		"rows as wide as the header":   "a,b,c\nid,day,n\n1,2024-01-01,1\n2,2024-01-02,2\n",
		"names longer than half":       "a,b\nid,day,n\n1,2024-01-01,1\n2,2024-01-02,2\n",
		"a header of numbers":          "t\nx,1,2\ny,3,4\nz,5,6\n",
		"nothing but text":             "t\nname,city\nAnn,Rome\nBob,Oslo\n",
		"rows of all lengths":          "t\nid,day,n\na,1\nb,1,2,3\nc\nd,2\n",
		"nothing under the header":     "t\nid,day,n\n",
		"a column of text with commas": "name\nSmith, John\nDoe, Jane\n",
	} {
		for _, n := range open(t, []byte(text), Options{}).Notices() {
			if strings.Contains(n, "above the header") {
				t.Errorf("%s: %s", name, n)
			}
		}
	}
	if d := open(t, []byte("Report\n"+table), Options{Header: HeaderNo}); len(d.Notices()) > 0 && strings.Contains(d.Notices()[0], "above") {
		t.Error("--no-header was stated")
	}
}

package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// lines makes a CSV from a header and a function of the row number; "" ends it.
func lines(header string, n int, f func(i int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range n {
		b.WriteString(f(i) + "\n")
	}
	return b.String()
}

func at(day int) string {
	return time.Date(2024, 1, 1, 10, 0, 0, 0, time.UTC).AddDate(0, 0, day).Format("2006-01-02 15:04:05")
}

// TestShapes renders shops of every odd shape in both languages: no page may show
// a number that is none, a format error or an empty sentence.
func TestShapes(t *testing.T) {
	const header = "order_id,order_ts,customer_id,product_id,quantity,unit_price,category,region"
	shapes := map[string]string{
		"no rows":  header + "\n",
		"one row":  lines(header, 1, func(int) string { return "1," + at(0) + ",a,p,1,2.5,c,r" }),
		"one day":  lines(header, 50, func(i int) string { return fmt.Sprintf("%d,%s,c%d,p%d,1,2.5,c,r", i, at(0), i%7, i%12) }),
		"two days": lines(header, 50, func(i int) string { return fmt.Sprintf("%d,%s,c%d,p%d,1,2.5,c,r", i, at(i/25), i%7, i%12) }),
		"three weeks": lines(header, 900, func(i int) string {
			return fmt.Sprintf("%d,%s,c%d,p%d,%d,2.5,k%d,r%d", i, at(i/43), i%70, i%12, 1+i%3, i%5, i%6)
		}),
		"gaps of months": lines(header, 60, func(i int) string { return fmt.Sprintf("%d,%s,c%d,p%d,1,2.5,c,r%d", i, at(i/20*200), i%7, i%12, i%5) }),
		"ten years": lines(header, 2000, func(i int) string {
			return fmt.Sprintf("%d,%s,c%d,p%d,1,2.5,c%d,r%d", i, at(i*2), i%90, i%300, i%9, i%40)
		}),
		"everything free": lines(header, 400, func(i int) string { return fmt.Sprintf("%d,%s,c%d,p%d,1,0,c%d,r%d", i, at(i/10), i%90, i%30, i%9, i%4) }),
		"only returns":    lines(header, 40, func(i int) string { return fmt.Sprintf("%d,%s,c%d,p,-1,3,c,r", i, at(i), i%9) }),
		"returns over sales": lines(header, 400, func(i int) string {
			return fmt.Sprintf("%d,%s,c%d,p%d,%d,3,c,r", i, at(i/9), i%9, i%5, []int{1, -9}[i%2])
		}),
		"only rejects":     lines(header, 40, func(i int) string { return fmt.Sprintf("%d,%s,c%d,p,0,3,c,r", i, at(i), i%9) }),
		"guests":           lines(header, 400, func(i int) string { return fmt.Sprintf("%d,%s,,p%d,1,3,c,", i, at(i/9), i%20) }),
		"nulls everywhere": lines(header, 400, func(i int) string { return fmt.Sprintf("%d,%s,,p%d,1,3,,", i, at(i/9), i%20) }),
		"amount only":      lines("when,who,amount", 400, func(i int) string { return fmt.Sprintf("%s,w%d,%d.25", at(i/9), i%40, i%30) }),
		"huge money": lines(header, 300, func(i int) string {
			return fmt.Sprintf("%d,%s,c%d,p%d,1,90000000000,c,r%d", i, at(i/9), i%40, i%20, i%5)
		}),
	}
	maps := map[string]map[string]string{"amount only": {"order_ts": "when", "customer_id": "who", "amount": "amount"}}
	bad := regexp.MustCompile(`NaN|Infinity|[+−]Inf\b|%!|<nil>|undefined|\x{FFFD}`)
	for name, csv := range shapes {
		for _, lang := range []string{"en", "zh"} {
			t.Run(name+" "+lang, func(t *testing.T) {
				doc := makeDocument(t, run{csv: csv, lang: lang, maps: maps[name]})
				pg := renderPage(t, doc)
				body := regexp.MustCompile(`(?s)<script.*?</script>`).ReplaceAll(pg, nil)
				if m := bad.FindIndex(body); m != nil {
					t.Errorf("the page shows …%.120s…", body[max(0, m[0]-60):])
				}
				if m := bad.FindString(block(t, string(pg), "charts")); m != "" {
					t.Errorf("the charts hold %q", m)
				}
				for _, v := range doc.Views {
					if len(v.Lead) == 0 && v.Missing == "" && len(v.Figures) == 0 {
						t.Errorf("section %s says nothing", v.ID)
					}
					for _, s := range v.Lead {
						if strings.TrimSpace(s) == "" || strings.Contains(s, "  ") {
							t.Errorf("section %s: odd sentence %q", v.ID, s)
						}
					}
					if testing.Verbose() && lang == "en" {
						t.Log(v.ID, v.Lead, v.Missing)
					}
				}
			})
		}
	}
}

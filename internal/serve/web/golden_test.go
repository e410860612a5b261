package web_test

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/serve/web"
	"github.com/ecomctl/ecomctl/internal/session"
)

var (
	notText  = regexp.MustCompile(`(?s)<script.*?</script>|<svg.*?</svg>|<table.*?</table>|<ol class="subs">.*?</ol>|<head>.*?</head>`)
	lineEnds = regexp.MustCompile(`</(p|li|h1|h2|h3|label|button|summary|option|div|dt|dd|section|select)>`)
	tags     = regexp.MustCompile(`(?s)<[^>]*>`)
	blanks   = regexp.MustCompile(`[ \t]*\n\s*`)
)

// wordsOf is the text of a page that this package writes: the sections of the report have golden
// tests of their own, but that of the explorer.
func wordsOf(page string) string {
	sections := regexp.MustCompile(`(?s)<section id="[^"]*".*?</section>`)
	page = sections.ReplaceAllStringFunc(page, func(s string) string {
		if strings.HasPrefix(s, `<section id="explore"`) {
			return s
		}
		return ""
	})
	page = notText.ReplaceAllString(page, "")
	page = tags.ReplaceAllString(lineEnds.ReplaceAllString(page, "\n"), " ")
	page = regexp.MustCompile(` +`).ReplaceAllString(html.UnescapeString(page), " ")
	return strings.TrimSpace(blanks.ReplaceAllString(page, "\n"))
}

// TestWords compares what the pages say with testdata/words.LANG.txt; ECOMCTL_UPDATE_GOLDEN=1
// writes it anew.
func TestWords(t *testing.T) {
	u, err := web.NewUploads(web.UploadOptions{Host: host(), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	base := site(t, web.Options{Data: openData(t, session.Settings{}, testdata(t, "shop.csv")), Uploads: u}).URL
	at := send(t, base, "orders.csv", "order_id,date,sku,price\n1,2024-01-01,a,5\n").header.Get("Location")
	for _, lang := range []string{"en", "zh"} {
		var b strings.Builder
		for _, path := range []string{"/?period=90d", "/sales?period=30d&compare=year&region=SP", "/sales?period=30d&measure=orders&by=channel&unknown=category", "/sales?period=90d&measure=aov&by=weekday", "/sales?by=", "/sales?category=none",
			"/sales?start_date=2024-02-01&end_date=2024-02-10&measure=customers&cut=week", "/customers", "/geo", "/quality", "/upload", at, at + "?map.date=", "/sales?period=bad", "/upload/none"} {
			b.WriteString("#### " + strings.ReplaceAll(path, at, "/upload/ID") + "\n" + strings.ReplaceAll(wordsOf(get(t, base, path, lang).body), at, "/upload/ID") + "\n\n")
		}
		file := filepath.Join("testdata", "words."+lang+".txt")
		if os.Getenv("ECOMCTL_UPDATE_GOLDEN") == "1" {
			if err := os.MkdirAll("testdata", 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, lines := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(got), len(lines)) {
			if got[i] != lines[i] {
				t.Errorf("%s:%d:\n got %q\nwant %q", file, i+1, got[i], lines[i])
				break
			}
		}
		if len(got) != len(lines) {
			t.Errorf("%s: %d lines, want %d", file, len(got), len(lines))
		}
	}
}

package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/result"
)

// sample is a table with every type and a null in every column.
func sample(texts ...string) *result.Table {
	types := []expr.Type{expr.Text, expr.Int, expr.Float, expr.Money, expr.Date, expr.Time, expr.Bool}
	t := &result.Table{Name: "sample"}
	for _, typ := range types {
		t.Columns = append(t.Columns, result.Column{Spec: result.Spec{Name: "c_" + typ.String(), Type: typ}, Data: result.NewData(typ, 0)})
	}
	for _, s := range texts {
		result.AppendText(&t.Columns[0].Data, s)
		result.AppendInt(&t.Columns[1].Data, -1234567)
		result.AppendFloat(&t.Columns[2].Data, 0.1)
		result.AppendInt(&t.Columns[3].Data, 89114079040)
		result.AppendInt(&t.Columns[4].Data, 19723)                // 2024-01-01
		result.AppendInt(&t.Columns[5].Data, 1704067200*1e6+250e3) // 2024-01-01T00:00:00.25Z
		result.AppendInt(&t.Columns[6].Data, 1)
		t.N++
	}
	for i := range t.Columns {
		result.AppendNull(&t.Columns[i].Data)
	}
	t.N++
	return t
}

func write(t testing.TB, format string, tab *result.Table, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, tab, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	tab := sample(`a"b,c`)
	sp, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		format string
		zone   *time.Location
		want   string
	}{
		{"csv", nil, "c_text,c_integer,c_number,c_money,c_date,c_timestamp,c_boolean\n" +
			"\"a\"\"b,c\",-1234567,0.1,8911407.904,2024-01-01,2024-01-01T00:00:00.25Z,true\n,,,,,,\n"},
		{"tsv", sp, "c_text\tc_integer\tc_number\tc_money\tc_date\tc_timestamp\tc_boolean\n" +
			"a\"b,c\t-1234567\t0.1\t8911407.904\t2024-01-01\t2024-01-01T00:00:00.25-03:00\ttrue\n\t\t\t\t\t\t\n"},
		{"ndjson", nil, `{"c_text":"a\"b,c","c_integer":-1234567,"c_number":0.1,"c_money":8911407.904,"c_date":"2024-01-01","c_timestamp":"2024-01-01T00:00:00.25Z","c_boolean":true}` + "\n" +
			`{"c_text":null,"c_integer":null,"c_number":null,"c_money":null,"c_date":null,"c_timestamp":null,"c_boolean":null}` + "\n"},
		{"table", nil, "c_text  c_integer  c_number       c_money  c_date      c_timestamp              c_boolean\n" +
			"a\"b,c   -1,234,567    0.1000  8,911,407.90  2024-01-01  2024-01-01T00:00:00.25Z  true\n" +
			"                                                                                 \n"},
	} {
		if got := write(t, c.format, tab, Options{Header: true, Zone: c.zone}); got != c.want {
			if c.format == "table" { // widths matter to eyes; compare without trailing spaces
				trim := func(s string) string {
					lines := strings.Split(s, "\n")
					for i := range lines {
						lines[i] = strings.TrimRight(lines[i], " ")
					}
					return strings.Join(strings.Fields(strings.Join(lines, "\n")), " ")
				}
				if trim(got) == trim(c.want) {
					continue
				}
			}
			t.Errorf("%s:\n got %q\nwant %q", c.format, got, c.want)
		}
	}
}

// TestTextSurvives checks that any text comes back from CSV and JSON as it was,
// and that no format for people lets a control or direction character through.
func TestTextSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		tab := sample(s)
		var b bytes.Buffer
		if err := Write(&b, "csv", tab, Options{Header: true}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(b.Bytes())).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(s, "\r\n", "\n"); rows[1][0] != want { // encoding/csv folds CRLF
			t.Fatalf("csv: got %q, want %q", rows[1][0], want)
		}
		b.Reset()
		if err := Write(&b, "json", tab, Options{}); err != nil {
			t.Fatal(err)
		}
		var objs []map[string]any
		if err := json.Unmarshal(b.Bytes(), &objs); err != nil {
			t.Fatalf("%v in %s", err, b.String())
		}
		if objs[0]["c_text"] != s {
			t.Fatalf("json: got %q, want %q", objs[0]["c_text"], s)
		}
		for _, format := range []string{"table", "md", "html"} {
			b.Reset()
			if err := Write(&b, format, tab, Options{}); err != nil {
				t.Fatal(err)
			}
			for _, r := range b.String() {
				if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf)) {
					t.Fatalf("%s lets %U through", format, r)
				}
			}
		}
	})
}

// TestMoneyText compares the decimal text of money with big.Rat.
func TestMoneyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64().Draw(t, "v")
		got, ok := new(big.Rat).SetString(string(AppendMoney(nil, v)))
		if !ok || got.Cmp(big.NewRat(v, 10000)) != 0 {
			t.Fatalf("money %d: %s", v, AppendMoney(nil, v))
		}
	})
}

// TestClockChange: the hour that São Paulo left out on 4 November 2018 keeps its own digits.
func TestClockChange(t *testing.T) {
	sp, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	gap := time.Date(2018, 11, 4, 0, 0, 0, 0, time.UTC).UnixMicro()
	before := string(appendTime(nil, gap-3600e6, sp))
	within := string(appendTime(nil, gap, sp))
	if before != "2018-11-03T23:00:00-03:00" || !strings.HasPrefix(within, "2018-11-04T00:00:00-0") {
		t.Errorf("%s, %s", before, within)
	}
}

func TestHostileMarkup(t *testing.T) {
	out := write(t, "html", sample(`</td><script>alert(1)</script>`), Options{})
	if strings.Contains(out, "<script") {
		t.Error("a text became markup")
	}
}

func BenchmarkCSV(b *testing.B) {
	texts := make([]string, 100_000)
	for i := range texts {
		texts[i] = "customer"
	}
	tab := sample(texts...)
	b.ReportAllocs()
	for b.Loop() {
		write(b, "csv", tab, Options{Header: true})
	}
}

package ndjson

import (
	"bytes"
	"compress/gzip"
	"context"
	stdjson "encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

type dump struct{ names, rows, bad, raw []string }

func show(c *frame.Column, i int) string {
	switch {
	case c.IsBad(i):
		return "✗"
	case c.IsNull(i):
		return "∅"
	case c.Kind == frame.String:
		return string(c.Str(i))
	case c.Kind == frame.Float:
		return fmt.Sprint(c.F64[i])
	}
	return fmt.Sprint(c.I64[i])
}

func read(text []byte, opts Options, as frame.Kind) (d dump, err error) {
	ds, err := Open(context.Background(), "test.json", bytes.NewReader(text), int64(len(text)), opts)
	if err != nil {
		return d, err
	}
	var want []source.Want
	for i, f := range ds.Schema().Fields() {
		d.names = append(d.names, f.Name)
		want = append(want, source.Want{Col: i, As: as})
	}
	for _, s := range ds.Splits() {
		r, err := s.Open(context.Background(), want)
		if err != nil {
			return d, err
		}
		var b frame.Batch
		for {
			err := r.Next(&b)
			if err == io.EOF {
				break
			}
			if err != nil {
				return d, err
			}
			for i := range b.N {
				var cells []string
				for c := range b.Cols {
					cells = append(cells, show(&b.Cols[c], i))
				}
				d.rows = append(d.rows, strings.Join(cells, "¦"))
				d.raw = append(d.raw, strings.Join(b.Raw(i), "¦"))
			}
			for _, x := range b.Bad {
				d.bad = append(d.bad, x.Reason+": "+x.Raw)
			}
		}
		r.Close()
	}
	if in := ds.Inputs()[0]; in.Rows != int64(len(d.rows)+len(d.bad)) || in.Digest == "" {
		return d, fmt.Errorf("%d rows, digest %q after %d", in.Rows, in.Digest, len(d.rows)+len(d.bad))
	}
	return d, nil
}

func TestTable(t *testing.T) {
	for _, c := range []struct{ text, names, rows, bad string }{
		{`{"a":1,"b":"x"}` + "\n" + `{"b":"y","a":2}`, "a b", "1¦x 2¦y", ""},
		{`{"a":1}` + "\r\n\r\n" + `{"c":true}` + "\n", "a c", "1¦∅ ∅¦1", ""},
		{`[{"a":1.5},{"a":null},` + "\n" + `{"a":-2e3}]`, "a", "1.5 ∅ -2000", ""},
		{"{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}", "a", "1 2", ""},
		{`{"a":"\u00e9\ud83d\ude00\"\\\/\n"}`, "a", "é😀\"\\/\n", ""},
		{`{"a":"\ud83d x"}`, "a", "\uFFFD x", ""},
		{`{"a":"00123"}` + "\n" + `{"a":"7"}`, "a", "00123 7", ""},
		{`{"a":{"b":[1,"]"]},"c":1}`, "a c", `{"b":[1,"]"]}¦1`, ""},
		{`{"a":1,"a":2}`, "a", "2", ""},
		{`{"a":"x","a":"yz"}` + "\n" + `{"a":"w"}`, "a", "yz w", ""},
		{`{"a":1}` + "\n" + `{"a":}` + "\n" + `{"a":3} x` + "\n" + `[1]` + "\n" + `{"a":4`, "a", "1", `a value that is not JSON: {"a":} text after the object: {"a":3} x no object: [1] the object is not complete: {"a":4`},
		{`{"a":01}` + "\n" + `{"a":1}`, "a", "1", `a malformed number: {"a":01}`},
		{`{"a":NaN}` + "\n" + `{"a":1}`, "a", "∅ 1", ""},
		{`{"t":"2024-01-02T03:04:05Z"}`, "t", "1704164645000000", ""},
		{`[]`, "", "", ""},
		{`{}` + "\n" + `{"a":1}`, "a", "∅ 1", ""},
		{"\xef\xbb\xbf" + `{"a":1}`, "a", "1", ""},
		{`[{"a":1},{"a":2`, "a", "1", `the object is not complete: {"a":2`},
		{`[{"a":1},5,{"a":2}]`, "a", "1 2", `no object: 5`},
	} {
		d, err := read([]byte(c.text), Options{}, frame.Any)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := strings.Join(d.names, " "); got != c.names {
			t.Errorf("%s: columns %s, want %s", c.text, got, c.names)
		}
		if got := strings.Join(d.rows, " "); got != c.rows {
			t.Errorf("%s: rows %q, want %q", c.text, got, c.rows)
		}
		if got := strings.Join(d.bad, " "); got != c.bad {
			t.Errorf("%s: bad %q, want %q", c.text, got, c.bad)
		}
	}
}

func TestErrorsAreClear(t *testing.T) {
	for text, say := range map[string]string{
		"x":        "no JSON object",
		"{\"a\":1": "no JSON object",
		"\n\n":     "no JSON object",
		"{\"a\":1}\n{\"a\":\"" + strings.Repeat("x", 1<<22): "longer than",
	} {
		_, err := read([]byte(text), Options{MaxRecord: 1 << 16}, frame.Any)
		if err == nil || !strings.Contains(err.Error(), say) || fault.KindOf(err) != fault.Input || fault.HintOf(err) == "" {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// TestEqualsEncodingJSON compares with the standard library on random objects, for
// every way of cutting the file.
func TestEqualsEncodingJSON(t *testing.T) {
	names := []string{"a", "b\"c", "é"}
	rapid.Check(t, func(t *rapid.T) {
		type object = map[string]any
		gen := rapid.Custom(func(t *rapid.T) object {
			o := object{}
			for _, n := range names {
				switch rapid.IntRange(0, 3).Draw(t, "kind") {
				case 0:
					o[n] = rapid.StringMatching(`[a"\\/\n\r\t\x01é中😀<>&{}\[\],:]{1,6}`).Draw(t, "text")
				case 1:
					o[n] = rapid.Float64Range(-1e6, 1e6).Draw(t, "number")
				case 2:
					o[n] = nil
				}
			}
			return o
		})
		objects := rapid.SliceOfN(gen, 1, 15).Draw(t, "objects")
		objects = append([]object{{"a": "q", "b\"c": "q", "é": "q"}}, objects...)
		var want []string
		var buf bytes.Buffer
		array := rapid.Bool().Draw(t, "array")
		for _, o := range objects {
			var cells []string
			for _, n := range names {
				switch v := o[n].(type) {
				case string:
					cells = append(cells, v)
				case float64:
					b, _ := stdjson.Marshal(v)
					cells = append(cells, string(b))
				default:
					cells = append(cells, "∅")
				}
			}
			want = append(want, strings.Join(cells, "¦"))
			if !array {
				b, _ := stdjson.Marshal(o)
				buf.Write(append(b, '\n'))
			}
		}
		if array {
			b, _ := stdjson.MarshalIndent(objects, "", " ")
			buf.Write(b)
		}
		opts := Options{ChunkBytes: int64(rapid.IntRange(1, 300).Draw(t, "chunk"))}
		for _, text := range [][]byte{buf.Bytes(), gz(buf.Bytes())} {
			d, err := read(text, opts, frame.String)
			if err != nil {
				t.Fatal(err)
			}
			// columns come in the order of the first object, which maps do not have
			at := make([]int, len(names))
			for i, n := range names {
				at[i] = slices.Index(d.names, n)
			}
			for i, r := range d.rows {
				cells := strings.Split(r, "¦")
				d.rows[i] = strings.Join([]string{cells[at[0]], cells[at[1]], cells[at[2]]}, "¦")
			}
			if !slices.Equal(d.rows, want) || len(d.bad) > 0 {
				t.Fatalf("%s\n got %q (bad %q)\nwant %q", buf.Bytes(), d.rows, d.bad, want)
			}
		}
	})
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `[{"a":"\u00e9"}]`, "{\"a\":[1,{}]}\n{\"a\":2}\n", `{"a":1}{"a":2}`, `{"a":"\ud83d\ude00","b":tru}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<12 {
			return
		}
		whole, err := read(text, Options{Encoding: "utf-8", MaxRecord: 1 << 12}, frame.Any)
		if err != nil {
			if fault.KindOf(err) != fault.Input {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for _, chunk := range []int64{1, 5, 33} {
			got, err := read(text, Options{Encoding: "utf-8", MaxRecord: 1 << 12, ChunkBytes: chunk}, frame.Any)
			if err != nil || !slices.Equal(got.rows, whole.rows) || !slices.Equal(got.bad, whole.bad) || !slices.Equal(got.raw, whole.raw) {
				t.Fatalf("%q in chunks of %d: %v\n got %q %q\nwant %q %q", text, chunk, err, got.rows, got.bad, whole.rows, whole.bad)
			}
		}
		// What the standard library accepts as an object a line must be a row.
		if bytes.IndexByte(text, '\n') < 0 && stdjson.Valid(text) && bytes.HasPrefix(text, []byte("{")) && len(whole.rows) != 1 {
			t.Fatalf("%q: %q %q", text, whole.rows, whole.bad)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var buf bytes.Buffer
	for i := range 100_000 {
		fmt.Fprintf(&buf, `{"order_id":%d,"customer_id":%d,"category":"cat_%02d","quantity":%d,"unit_price":%d.%02d,"order_ts":"2024-01-%02d 10:%02d:00.123456","province":"prov_%02d","status":"paid"}`+"\n", i, i%5000, i%30, i%5, i%300, i%100, 1+i%28, i%60, i%31)
	}
	text := buf.Bytes()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		ds, err := Open(context.Background(), "x", bytes.NewReader(text), int64(len(text)), Options{})
		if err != nil {
			b.Fatal(err)
		}
		var want []source.Want
		for i := range ds.Schema().NumFields() {
			want = append(want, source.Want{Col: i})
		}
		rows := 0
		var batch frame.Batch
		for _, s := range ds.Splits() {
			r, err := s.Open(context.Background(), want)
			if err != nil {
				b.Fatal(err)
			}
			for r.Next(&batch) == nil {
				rows += batch.N
			}
			r.Close()
		}
		if rows != 100_000 {
			b.Fatal(rows)
		}
	}
}

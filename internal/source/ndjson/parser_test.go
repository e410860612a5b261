package ndjson

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// parsed is all that a parser gives: rows, bad rows and the raw text of rows.
func parsed(t *rapid.T, p *Parser) (out []string) {
	var b frame.Batch
	for {
		err := p.Next(&b)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range b.Bad {
			out = append(out, fmt.Sprintf("bad %d: %s (%s)", bad.Row, bad.Raw, bad.Reason))
		}
		for i := range b.N {
			row := fmt.Sprint("row ", b.RowAt(i), ":")
			for c := range b.Cols {
				row += " " + show(&b.Cols[c], i)
			}
			out = append(out, fmt.Sprint(row, b.Raw(i)))
		}
	}
}

// TestResetRecords: records that are read where they stand, or copied, say what the same lines say.
func TestResetRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sample := []byte(`{"a":1,"b":"x","c":2.5}` + "\n")
		ds, err := Open(context.Background(), "records", bytes.NewReader(sample), int64(len(sample)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		parser := func() *Parser {
			p, err := ds.NewParser(context.Background(), []source.Want{{Col: 0, As: frame.Any}, {Col: 1, As: frame.Any}, {Col: 2, As: frame.Any}})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		lines, inPlaceOnes := parser(), parser()
		for range 2 { // parsers are used again
			list := rapid.SliceOfN(rapid.SampledFrom([]string{`{"a":7,"b":"y","c":1}`, `  {"b":"\u00e9\n","a":null} `, `{"a":"x"}`, `{"a":1`, `{"b":"cut`, `[1]`, `{"a":1}}`, "{\"b\":\"\xff\"}", `{"a":1,"a":2}`, `"`, `{"d":1}`}), 0, 9).Draw(t, "records")
			var text, slab []byte
			var at []int
			for _, r := range list {
				text = append(append(text, r...), '\n')
				at = append(at, len(slab))
				slab = append(append(slab, r...), rapid.SampledFrom([]string{"", "\x02", `"`, "{", "}"}).Draw(t, "between")...)
			}
			slab = append(slab, make([]byte, Padding+8)...)
			slab = slab[: len(slab)-8 : len(slab)]
			var records [][]byte
			for i, r := range list {
				rec := slab[at[i] : at[i]+len(r)]
				if rapid.Bool().Draw(t, "copied") {
					rec = []byte(r)
				}
				records = append(records, rec)
			}
			lines.Reset(text)
			inPlaceOnes.ResetRecords(records)
			want, got := parsed(t, lines), parsed(t, inPlaceOnes)
			if fmt.Sprint(want) != fmt.Sprint(got) {
				t.Fatalf("%q:\nlines   %q\nrecords %q", list, want, got)
			}
		}
	})
}

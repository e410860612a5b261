package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// tailBytes is how much of a file's end is read.
const tailBytes = 8 << 20

// fixed are the columns of windows besides the dimensions.
var fixed = []string{"window_start", "window_end", "revenue", "orders", "units", "customers", "revision"}

// readFile reads the end of a file that `stream --format ndjson` writes.
func readFile(_ context.Context, path string) (*Board, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, vfs.Classify(err, "opening "+path)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, vfs.Classify(err, "opening "+path)
	}
	from := max(0, st.Size()-tailBytes)
	b, err := parse(io.NewSectionReader(f, from, st.Size()-from), from > 0)
	if err != nil {
		return nil, fault.Wrap(err, "reading %s", path)
	}
	b.Written = st.ModTime()
	return b, nil
}

// parse reads rows, one object a line. The first line is passed over when it is cut; the last one may be half
// written.
func parse(r io.Reader, cut bool) (*Board, error) {
	var by []string
	var rows []Row
	br := bufio.NewReaderSize(r, 64<<10)
	for first := true; ; first = false {
		line, err := br.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // no end of line: it is being written
			break
		}
		if err != nil {
			return nil, fault.New(fault.Input, "%w", err)
		}
		if first && cut || len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		names, values, err := members(line)
		if err == nil && by == nil {
			by = dimensions(names)
		}
		row, ok := Row{}, false
		if err == nil {
			row, ok = rowOf(by, values)
		}
		if !ok {
			return nil, fault.New(fault.Input, "%.80q is no window", bytes.TrimSpace(line)).WithHint("give the file that `ecomctl stream -o FILE.ndjson` writes, or its table")
		}
		rows = append(rows, row)
	}
	return newBoard(by, rows), nil
}

// members reads an object with the order of its names; values are texts, nil where there is none.
func members(line []byte) (names []string, values map[string]*string, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("no object")
	}
	values = map[string]*string{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		v, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		name, _ := k.(string)
		names = append(names, name)
		var s string
		switch v := v.(type) {
		case nil:
			values[name] = nil
			continue
		case string:
			s = v
		case json.Number:
			s = v.String()
		case bool:
			s = map[bool]string{true: "true", false: "false"}[v]
		default:
			return nil, nil, errors.New("a nested value")
		}
		values[name] = &s
	}
	return names, values, nil
}

// dimensions are the names that are no fixed column.
func dimensions(names []string) []string {
	by := []string{}
	for _, n := range names {
		if !slices.Contains(fixed, n) {
			by = append(by, n)
		}
	}
	return by
}

// rowOf makes a row of texts.
func rowOf(by []string, values map[string]*string) (r Row, ok bool) {
	text := func(name string) string {
		if v := values[name]; v != nil {
			return *v
		}
		return ""
	}
	var ok1, ok2, ok3, ok4 bool
	r.Start, ok1 = wall(text("window_start"))
	r.End, ok2 = wall(text("window_end"))
	r.Money, ok3 = money(text("revenue"))
	r.Revision, ok4 = whole(text("revision"))
	r.Orders, r.HasOrders = whole(text("orders"))
	r.Customers, r.HasPeople = whole(text("customers"))
	for _, d := range by {
		r.Groups = append(r.Groups, text(d))
	}
	return r, ok1 && ok2 && ok3 && ok4
}

// wall reads a time as wall time, whatever zone it states.
func wall(s string) (time.Time, bool) {
	const n = len("2006-01-02T15:04:05")
	if len(s) < n {
		return time.Time{}, false
	}
	at, err := time.Parse("2006-01-02 15:04:05", strings.Replace(s[:n], "T", " ", 1))
	return at, err == nil
}

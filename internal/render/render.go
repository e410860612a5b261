package render

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Options say how a table is written.
type Options struct {
	Zone   *time.Location // of Time columns; nil = UTC
	Color  bool           // table format: ANSI colours
	Width  int            // table format: terminal columns; 0 = unbounded
	Header bool           // csv and tsv: write the header line
	File   bool           // the result is a file: Arrow's file format, not its stream
}

// writers is the one table of formats.
var writers = map[string]func(w *bufio.Writer, t *result.Table, o Options) error{
	"table":   writeTable,
	"csv":     func(w *bufio.Writer, t *result.Table, o Options) error { return writeCSV(w, t, o, ',') },
	"tsv":     func(w *bufio.Writer, t *result.Table, o Options) error { return writeTSV(w, t, o) },
	"json":    writeJSON,
	"ndjson":  writeNDJSON,
	"md":      writeMarkdown,
	"html":    writeHTML,
	"parquet": writeParquet,
	"arrow":   writeArrow,
}

// Formats returns the names of the formats, sorted.
func Formats() []string {
	names := make([]string, 0, len(writers))
	for n := range writers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// extensions maps file endings to formats.
var extensions = map[string]string{
	".csv": "csv", ".tsv": "tsv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".md": "md",
	".html": "html", ".htm": "html", ".parquet": "parquet", ".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow", ".txt": "table",
}

// FormatOf returns the format that a file name's ending asks for, or "".
func FormatOf(path string) string {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return ""
	}
	return extensions[strings.ToLower(path[i:])]
}

// Write writes t to w in a format of Formats.
func Write(w io.Writer, format string, t *result.Table, o Options) error {
	write, ok := writers[format]
	if !ok {
		return fault.New(fault.Usage, "unknown format %q", format).WithHint("formats are: %s", strings.Join(Formats(), ", "))
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	bw := bufio.NewWriterSize(w, 256<<10)
	if err := write(bw, t, o); err != nil {
		return err
	}
	return bw.Flush()
}

package serve

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// format is one representation of a table.
type format struct {
	name  string // of internal/render
	media string // as Accept names it
	typ   string // as Content-Type says it
	ext   string
}

// formats are the representations, the preferred one first.
var formats = []format{
	{"json", "application/json", "application/json", ".json"},
	{"csv", "text/csv", "text/csv; charset=utf-8; header=present", ".csv"},
	{"ndjson", "application/x-ndjson", "application/x-ndjson", ".ndjson"},
	{"arrow", "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream", ".arrows"},
	{"parquet", "application/vnd.apache.parquet", "application/vnd.apache.parquet", ".parquet"},
}

func formatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// formatOf chooses the representation: the parameter, else what Accept prefers.
func formatOf(word string, header http.Header) (*format, error) {
	if word != "" {
		i := slices.IndexFunc(formats, func(f format) bool { return f.name == word })
		if i < 0 {
			return nil, fault.New(fault.Usage, "format=%s: not one of %s", clip(word), strings.Join(formatNames(), ", "))
		}
		return &formats[i], nil
	}
	accept := strings.TrimSpace(strings.Join(header.Values("Accept"), ","))
	if accept == "" || accept == "*/*" {
		return &formats[0], nil
	}
	best, bestQ := -1, 0.0
	for i := range formats {
		if q := quality(accept, formats[i].media); q > bestQ {
			best, bestQ = i, q
		}
	}
	if best < 0 {
		var medias []string
		for _, f := range formats {
			medias = append(medias, f.media)
		}
		return nil, WithStatus(http.StatusNotAcceptable, fault.New(fault.Usage, "no representation is acceptable: %s", clip(accept)).
			WithHint("accept one of %s", strings.Join(medias, ", ")))
	}
	return &formats[best], nil
}

// quality is how much an Accept header wants a media type: that of the most specific range (RFC
// 9110, 12.5.1).
func quality(accept, media string) float64 {
	best, specific := 0.0, -1
	major, _, _ := strings.Cut(media, "/")
	for _, part := range strings.Split(accept, ",") {
		name, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		level := -1
		switch name {
		case media:
			level = 2
		case major + "/*":
			level = 1
		case "*/*":
			level = 0
		}
		if level <= specific {
			continue
		}
		q := 1.0
		if v, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(v, 64); err != nil || !(q >= 0 && q <= 1) {
				continue
			}
		}
		best, specific = q, level
	}
	return best
}

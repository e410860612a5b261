package holiday

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/calendar"
)

// Bounds of an events file.
const (
	mostEvents = 100_000
	mostAround = 60 // days before or after
)

// Parse reads own events: CSV with a header of name and date and, where wanted, before and after, the days
// around the date that the event may move. Dates look like 2025-11-11. Errors name the line.
func Parse(file []byte) ([]calendar.Event, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = 0
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Input, "reading events: the file is empty").WithHint("its first line is name,date,before,after")
	}
	if err != nil {
		return nil, fault.New(fault.Input, "reading events: %w", err)
	}
	for i := range head {
		head[i] = strings.ToLower(strings.TrimSpace(head[i]))
	}
	name, on := slices.Index(head, "name"), slices.Index(head, "date")
	if name < 0 || on < 0 {
		return nil, fault.New(fault.Input, "reading events: line 1 has no column %s", missing(name)).WithHint("its first line is name,date,before,after")
	}
	before, after := slices.Index(head, "before"), slices.Index(head, "after")
	var events []calendar.Event
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.New(fault.Input, "reading events: %w", err)
		}
		line, _ := r.FieldPos(0)
		if len(events) == mostEvents {
			return nil, fault.New(fault.Input, "reading events: line %d: more than %d events", line, mostEvents)
		}
		e, err := parseRow(row, line, name, on, before, after)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil, fault.New(fault.Input, "reading events: no event follows the header")
	}
	slices.SortStableFunc(events, func(a, b calendar.Event) int { return int(a.Day - b.Day) })
	return events, nil
}

func missing(name int) string {
	if name < 0 {
		return "name"
	}
	return "date"
}

func parseRow(row []string, line, name, on, before, after int) (e calendar.Event, err error) {
	e.Name = strings.TrimSpace(row[name])
	if e.Name == "" {
		return e, fault.New(fault.Input, "reading events: line %d: the name is empty", line)
	}
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(row[on]))
	if err != nil {
		return e, fault.New(fault.Input, "reading events: line %d: date %q is not like 2025-11-11", line, row[on])
	}
	e.Day = dayOf(t)
	for _, c := range []struct {
		at   int
		into *int
	}{{before, &e.Before}, {after, &e.After}} {
		if c.at < 0 || strings.TrimSpace(row[c.at]) == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(row[c.at]))
		if err != nil || n < 0 || n > mostAround {
			return e, fault.New(fault.Input, "reading events: line %d: %q is not a number of days from 0 to %d", line, row[c.at], mostAround)
		}
		*c.into = n
	}
	return e, nil
}

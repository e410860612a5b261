package quality

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/yamldoc"
)

// set applies one key.
func (r *Rule) set(key string, v *yamldoc.Node) (err error) {
	switch key {
	case "name":
		r.Name, err = v.Text(key)
	case "column", "columns":
		r.Columns, err = v.Texts(key)
		if err == nil && len(r.Columns) == 0 {
			err = v.Fail("name a column", "%s is empty", key)
		}
	case "severity":
		err = r.setSeverity(v)
	case "where":
		r.Where, err = condition(v, key)
	case "expression":
		r.Expression, err = condition(v, key)
	case "as":
		r.As, err = v.Text(key)
		if err == nil && !slices.Contains(typeWords, r.As) {
			err = v.Fail("types are "+strings.Join(typeWords, ", "), "%q is not a type of values", r.As)
		}
	case "layout":
		r.Layout, err = v.Text(key)
	case "min", "max", "above", "below":
		err = r.setBound(key, v)
	case "values":
		r.Values, err = v.Texts(key)
		if err == nil && len(r.Values) == 0 {
			err = v.Fail("list the values that are allowed", "values is empty")
		}
	case "pattern":
		if r.Pattern, err = v.Text(key); err == nil {
			if _, bad := regexp.Compile(r.Pattern); bad != nil {
				err = v.Fail("the syntax is RE2's, without look-around and back-references", "%s", strings.TrimPrefix(bad.Error(), "error parsing regexp: "))
			}
		}
	case "references":
		err = r.setReference(v)
	case "max_age":
		err = r.setAge(v)
	case "max_failed":
		if r.MaxFailed, err = v.Int(key); err == nil && r.MaxFailed < 0 {
			err = v.Fail("write 0 or more", "max_failed is negative")
		}
	case "max_ratio":
		if r.MaxRatio, err = v.Float(key); err == nil && (r.MaxRatio < 0 || r.MaxRatio > 1) {
			err = v.Fail("write a share from 0 to 1", "max_ratio is %v", r.MaxRatio)
		}
	case "if_present":
		r.IfPresent, err = v.Bool(key)
	}
	return err
}

// typeWords are the values of `as`.
var typeWords = []string{"integer", "number", "boolean", "date", "timestamp", "text"}

func (r *Rule) setSeverity(v *yamldoc.Node) error {
	s, err := v.Text("severity")
	if err != nil {
		return err
	}
	switch s {
	case "error":
		r.Severity = Error
	case "warn", "warning":
		r.Severity = Warning
	default:
		return v.Fail("write error or warn", "the severity %q is not known", s)
	}
	return nil
}

func condition(v *yamldoc.Node, key string) (expr.Node, error) {
	src, err := v.Text(key)
	if err != nil {
		return nil, err
	}
	n, err := expr.Parse(src)
	if err != nil {
		return nil, fault.Wrap(err, "reading %s: line %d: %s", v.File, v.Line, key)
	}
	return n, nil
}

func (r *Rule) setReference(v *yamldoc.Node) (err error) {
	if err = v.Only("references", "file", "column"); err != nil {
		return err
	}
	for _, f := range []struct {
		key string
		at  *string
	}{{"file", &r.File}, {"column", &r.FileColumn}} {
		n := v.Get(f.key)
		if n == nil {
			return v.Fail("write references: {file: products.csv, column: product_id}", "references has no %s", f.key)
		}
		if *f.at, err = n.Text(f.key); err != nil {
			return err
		}
	}
	if r.File == "-" {
		return v.Fail("name a file", "a reference cannot be standard input")
	}
	r.File = beside(v.File, r.File)
	return nil
}

// beside resolves a path relative to the folder of the rules file, so that rules
// mean the same from wherever they are used; URIs stay as they are.
func beside(rules, file string) string {
	if filepath.IsAbs(file) || strings.Contains(file, "://") || strings.HasPrefix(file, "sqlite:") {
		return file
	}
	return filepath.Join(filepath.Dir(rules), file)
}

func (r *Rule) setAge(v *yamldoc.Node) error {
	s, err := v.Text("max_age")
	if err != nil {
		return err
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n > 0 && n < 36_525 {
			r.MaxAge = time.Duration(n * float64(24*time.Hour))
			return nil
		}
	}
	if r.MaxAge, err = time.ParseDuration(s); err != nil || r.MaxAge <= 0 {
		return v.Fail("write a time like 36h or 2d", "%q is not a time", s)
	}
	return nil
}

// setBound reads an end of a range, or of a row count.
func (r *Rule) setBound(key string, v *yamldoc.Node) error {
	if r.Type == RowCount {
		n, err := v.Int(key)
		if err == nil && n < 0 {
			err = v.Fail("write 0 or more", "%s is negative", key)
		}
		if key == "min" {
			r.MinRows = n
		} else {
			r.MaxRows = n
		}
		return err
	}
	s, err := v.Text(key)
	if err != nil {
		return err
	}
	b := Bound{Set: true, Text: s, Kind: TextBound, Open: key == "above" || key == "below"}
	if v.Kind == yamldoc.Int || v.Kind == yamldoc.Float {
		b.Kind = NumberBound
		if b.Number, err = v.Float(key); err != nil {
			return err
		}
		if v.Kind == yamldoc.Int {
			n, err := v.Int(key)
			b.Int, b.IsInt = n, err == nil
		}
	} else if t, ok := parseMoment(s); ok {
		b.Kind, b.Micros = TimeBound, t
	}
	end := &r.Min
	if key == "max" || key == "below" {
		end = &r.Max
	}
	if end.Set {
		return v.Fail("keep one of them", "the range has two ends on one side")
	}
	*end = b
	return nil
}

// parseMoment reads a date or a wall time as microseconds.
func parseMoment(s string) (int64, bool) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.DateTime, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMicro(), true
		}
	}
	return 0, false
}

// complete checks what no single key can.
func (r *Rule) complete(n *yamldoc.Node) error {
	switch r.Type {
	case Range:
		if !r.Min.Set && !r.Max.Set {
			return n.Fail("add min: or max:", "a range has no end")
		}
		if r.Min.Set && r.Max.Set && r.Min.Kind != r.Max.Kind {
			return n.Fail("write both ends as numbers, dates or text", "the ends of the range are of different kinds")
		}
		if r.Min.Set && r.Max.Set && r.Min.Kind == NumberBound && r.Min.Number > r.Max.Number {
			return n.Fail("exchange them", "the range ends before it begins")
		}
	case RowCount:
		if r.MinRows < 0 && r.MaxRows < 0 {
			return n.Fail("add min: or max:", "a row count has no bound")
		}
		if r.MaxRows >= 0 && r.MinRows > r.MaxRows {
			return n.Fail("exchange them", "the row count ends before it begins")
		}
		if r.Where != nil {
			return n.Fail("remove where", "a row count takes no where")
		}
	case ForeignKey:
		if len(r.Columns) != 1 {
			return n.Fail("name one column", "a foreign key has %d columns", len(r.Columns))
		}
	case Freshness:
		if len(r.Columns) != 1 {
			return n.Fail("name one column", "freshness has %d columns", len(r.Columns))
		}
	}
	if slices.Contains(r.Columns, "*") && (r.Type != Unique || len(r.Columns) > 1) {
		return n.Fail("name the columns", "* stands for all columns in unique rules only")
	}
	return nil
}

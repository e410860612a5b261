package schema

import (
	"slices"
	"sort"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Preset maps the files of a known origin. Each is one value in a file of its own.
type Preset struct {
	Name    string
	EN, ZH  string
	Table   *Table
	Columns []PresetColumn
	// Joins are tables that the fact table needs; those whose table is not given
	// are left out with the columns that come from them.
	Joins []PresetJoin
	// Folder tells, for an input that is a folder of several tables, which file is which.
	Folder []Part
	// Void are columns whose text says that the order never became, or did not stay, a sale.
	Void []PresetColumn
	// Signature are columns by which the files are known without being named, for those that recognition
	// would misread; empty where the preset must be asked for.
	Signature []string
	// Text states what cannot be recognised in its text files; nil when nothing.
	Text *TextFile
	// Remarks are said whenever the preset is used.
	Remarks []string
}

// PresetColumn says where a canonical column comes from.
type PresetColumn struct {
	Canonical string
	From      []string // names that occur in the wild; the first one present is taken
	Else      []string // columns of the fact table whose text stands in where From has none
	In        string   // name of a join; "" is the fact table
	Layout    string
	Integer   bool
	Const     string // instead of From
}

// PresetJoin is an N:1 join to a table given with the input.
type PresetJoin struct {
	Name string // the table: "products", "customers", or a Part
	On   []relation.On
	// Self joins the fact table with itself: what only the rows with text in the column Present tell is
	// told of all rows of their key.
	Self    bool
	Present string
	Remark  string // said when the table is joined
}

// Part is one table of a folder. Files are matched by their base name without
// extension; "" as Table is the fact.
type Part struct {
	Table string
	File  string
}

// TextFile states the form of a text file.
type TextFile struct {
	Blanks bool       // runs of blanks separate the fields
	Names  [][]string // of the columns of files without a header, by their number
}

// presets holds all presets by name.
var presets = map[string]*Preset{}

// register adds a preset; two of one name are a programmer's error.
func register(p *Preset) *Preset {
	if presets[p.Name] != nil {
		panic("schema: preset " + p.Name + " registered twice")
	}
	presets[p.Name] = p
	return p
}

// Presets lists all presets by name.
func Presets() []*Preset {
	all := make([]*Preset, 0, len(presets))
	for _, p := range presets {
		all = append(all, p)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// FindPreset returns a preset by name; the error lists those there are.
func FindPreset(name string) (*Preset, error) {
	if p := presets[name]; p != nil {
		return p, nil
	}
	names := make([]string, 0, len(presets))
	for _, p := range Presets() {
		names = append(names, p.Name)
	}
	return nil, fault.New(fault.Usage, "there is no preset %q", name).WithHint("presets are: %s", strings.Join(names, ", "))
}

// Known returns the preset whose files the columns are those of beyond doubt, or nil.
func Known(s *arrow.Schema) *Preset {
	for _, p := range Presets() {
		known := len(p.Signature) > 0
		for _, name := range p.Signature {
			known = known && len(s.FieldIndices(name)) == 1
		}
		if known {
			return p
		}
	}
	return nil
}

// ColumnsOf tells which column of a fact table each canonical one comes from; those of joined tables and constants are
// left out. Of two columns of which one stands in for the other it is the one that is never without a value.
func (p *Preset) ColumnsOf(s *arrow.Schema) map[string]string {
	self := map[string]bool{"": true}
	for _, j := range p.Joins {
		self[j.Name] = j.Self
	}
	out := map[string]string{}
	for _, pc := range p.Columns {
		if out[pc.Canonical] != "" || pc.Const != "" || !self[pc.In] {
			continue
		}
		from, ok := pick(s, append(slices.Clone(pc.From), pc.Canonical))
		if other, stands := pick(s, pc.Else); ok && stands {
			from = other
		}
		if ok {
			out[pc.Canonical] = from
		}
	}
	return out
}

// Parts sorts the files of a folder (base names) into the preset's tables: the
// key "" is the fact. Files that are no part are left out. A missing fact is an error.
func (p *Preset) Parts(files []string) (map[string]string, error) {
	found := map[string]string{}
	for _, part := range p.Folder {
		for _, f := range files {
			base, _, _ := strings.Cut(f, ".")
			if normalise(base) == normalise(part.File) {
				if old, dup := found[part.Table]; dup {
					return nil, fault.New(fault.Input, "reading the folder as %s: %s and %s are the same table", p.Name, old, f).WithHint("keep one of them")
				}
				found[part.Table] = f
			}
		}
	}
	if _, ok := found[""]; !ok && len(p.Folder) > 0 {
		return nil, fault.New(fault.Input, "reading the folder as %s: there is no file %s", p.Name, p.Folder[0].File).
			WithHint("the preset %s needs the unpacked folder of the data set", p.Name)
	}
	return found, nil
}

// pick returns the name of the first of the alternatives that the schema has,
// letter for letter or else but for case and punctuation.
func pick(s *arrow.Schema, names []string) (string, bool) {
	for _, n := range names {
		if len(s.FieldIndices(n)) > 0 {
			return n, true
		}
	}
	for _, n := range names {
		for _, f := range s.Fields() {
			if normalise(f.Name) == normalise(n) && normalise(n) != "" {
				return f.Name, true
			}
		}
	}
	return "", false
}

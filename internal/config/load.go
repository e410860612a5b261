package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/yamldoc"
)

// FileName is the configuration file of a folder.
const FileName = "ecomctl.yaml"

// LoadOptions say where settings come from.
type LoadOptions struct {
	// Path is --config: it must exist and stands instead of ./ecomctl.yaml. The
	// user's own file still lies beneath it.
	Path string
	Env  func(string) string // nil = no variables
	Dir  string              // folder of ./ecomctl.yaml; "" is the present one
	// Flags are the flags given, by name without dashes, as text. Those that are no
	// settings are passed over.
	Flags map[string]string
}

// Origin says where a setting's value comes from.
type Origin struct {
	Key   string
	Value string // as it was written, without secrets; "" when nobody set it
	From  string // "flag --tz", "environment ECOMCTL_TZ", "ecomctl.yaml:3", "default"
}

// Problem is one mistake in the settings.
type Problem struct {
	From string // "ecomctl.yaml:3", "environment ECOMCTL_TZ"
	Err  error
}

// Load merges all settings. The first mistake, in the order of the files' lines,
// is returned as a fault.Usage error with its place; see Check for all of them.
// Origins lists every key, in the order of Keys.
func Load(o LoadOptions) (*Config, []Origin, error) {
	l := newLoader(o)
	l.run()
	if len(l.problems) > 0 {
		return nil, nil, l.problems[0].Err
	}
	return l.config, l.list(), nil
}

// Check lists every mistake in the settings; none is an empty list. Files that
// were read are returned for a message to people.
func Check(o LoadOptions) (problems []Problem, files []string) {
	l := newLoader(o)
	l.run()
	return l.problems, l.files
}

// setting is a value with its place, before it is applied.
type setting struct {
	key    *Key
	value  value
	origin Origin
}

type loader struct {
	o        LoadOptions
	config   *Config
	origins  map[string]Origin
	problems []Problem
	files    []string
}

func newLoader(o LoadOptions) *loader {
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	return &loader{o: o, config: &Config{}, origins: map[string]Origin{}}
}

// run applies the layers from the weakest to the strongest.
func (l *loader) run() {
	project := l.o.Path
	if project == "" {
		project = l.o.Env("ECOMCTL_CONFIG")
	}
	must := project != ""
	if !must {
		project = filepath.Join(l.o.Dir, FileName)
	}
	if user := UserFile(l.o.Env); user != "" {
		l.file(user, false)
	}
	l.file(project, must)
	for _, k := range Keys {
		if v := l.o.Env(k.Env()); v != "" {
			l.text(k, v, "environment "+k.Env())
		}
	}
	flags := make([]string, 0, len(l.o.Flags))
	for f := range l.o.Flags {
		flags = append(flags, f)
	}
	sort.Strings(flags)
	for _, f := range flags {
		if k := Find(strings.ReplaceAll(f, "-", "_")); k != nil {
			l.text(k, l.o.Flags[f], "flag --"+f)
		}
	}
}

// UserFile is the user's own configuration file, or "" when the environment does
// not tell where it is.
func UserFile(env func(string) string) string {
	dir := env("XDG_CONFIG_HOME")
	if dir == "" {
		home := env("HOME")
		if home == "" {
			home = env("USERPROFILE")
		}
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "ecomctl", "config.yaml")
}

func (l *loader) problem(from string, err error) {
	l.problems = append(l.problems, Problem{From: from, Err: err})
}

// file applies a file; one that is not there is no mistake unless it was named.
func (l *loader) file(path string, must bool) {
	f, err := os.Open(path)
	if err != nil {
		absent := errors.Is(err, fs.ErrNotExist) || strings.HasPrefix(path, os.DevNull) // XDG_CONFIG_HOME=/dev/null: no user file
		switch {
		case must:
			l.problem(path, fault.New(fault.Usage, "opening %s: %w", path, cause(err)).WithHint("check --config and ECOMCTL_CONFIG"))
		case !absent:
			l.problem(path, fault.New(fault.Auth, "opening %s: %w", path, cause(err)).WithHint("check the rights of the file"))
		}
		return
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		if must {
			l.problem(path, fault.New(fault.Usage, "opening %s: it is a folder", path))
		}
		return
	}
	l.files = append(l.files, path)
	doc, err := yamldoc.Parse(path, f)
	if err != nil {
		l.problem(path, err)
		return
	}
	if doc.Kind == yamldoc.Null {
		return
	}
	if doc.Kind != yamldoc.Map {
		l.problem(path, doc.Fail("write key: value lines", "the file is %s, not a map of keys", doc.Kind))
		return
	}
	for _, p := range doc.Pairs {
		from := place(path, p.Line)
		k := Find(p.Key)
		if k == nil {
			one := &yamldoc.Node{File: path, Line: p.Line, Kind: yamldoc.Map, Pairs: []yamldoc.Pair{p}}
			l.problem(from, one.Only("the configuration", names()...))
			continue
		}
		v, err := fromNode(k, p.Value, filepath.Dir(path))
		if err != nil {
			l.problem(from, err)
			continue
		}
		if v != nil {
			l.apply(setting{k, *v, Origin{Key: k.Name, From: from}})
		}
	}
}

// fromNode reads a value of a file; a key without a value (`tz:`) is not set.
func fromNode(k *Key, n *yamldoc.Node, base string) (*value, error) {
	v := value{base: base, node: n}
	if n.Kind == yamldoc.Null {
		return nil, nil
	}
	var err error
	switch k.Type {
	case List:
		v.list, err = n.Texts(k.Name)
	case Map:
		if n.Kind != yamldoc.Map {
			return nil, n.Fail("write "+k.Name+": "+k.Example, "%s is %s, not a map", k.Name, n.Kind)
		}
		for _, p := range n.Pairs {
			s, err := p.Value.Text(k.Name + "." + p.Key)
			if err != nil {
				return nil, err
			}
			v.pairs = append(v.pairs, pair{p.Key, s})
		}
	case Int:
		if _, err = n.Int(k.Name); err == nil {
			v.text = strings.ReplaceAll(n.Value, "_", "")
		}
	case Bool:
		var b bool
		if b, err = n.Bool(k.Name); err == nil && b {
			v.text = "true"
		}
	case RuleList, SegmentList:
	default:
		v.text, err = n.Text(k.Name)
	}
	return &v, err
}

// text applies a variable or a flag.
func (l *loader) text(k *Key, s, from string) {
	v := value{text: s, base: l.o.Dir}
	switch k.Type {
	case List:
		v.list = splitList(s)
	case Map:
		for _, item := range splitList(s) {
			name, val, ok := strings.Cut(item, "=")
			if !ok || name == "" {
				l.problem(from, fault.New(fault.Usage, "%s: %q is not name=value", from, item).WithHint("write %s=order_id=InvoiceNo,order_ts=InvoiceDate", k.Env()))
				return
			}
			v.pairs = append(v.pairs, pair{name, val})
		}
	case Bool:
		switch strings.ToLower(s) {
		case "true", "1", "yes", "on":
			v.text = "true"
		case "false", "0", "no", "off":
			v.text = ""
		default:
			l.problem(from, fault.New(fault.Usage, "%s: %q is not true or false", from, s))
			return
		}
	case RuleList, SegmentList:
		l.problem(from, fault.New(fault.Usage, "%s: lists of rules are written in a file", from).WithHint("put them under %s: in %s", k.Name, FileName))
		return
	}
	l.apply(setting{k, v, Origin{Key: k.Name, From: from}})
}

// splitList splits at commas; the brackets that flag libraries print are dropped.
func splitList(s string) []string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	}
	if s == "" {
		return []string{}
	}
	return strings.Split(s, ",")
}

// apply expands references, checks the value and sets it.
func (l *loader) apply(s setting) {
	s.origin.Value = s.shown()
	err := s.check(l.o.Env)
	if err == nil {
		err = s.key.set(l.config, s.value)
	}
	if err != nil {
		if s.key.Type != RuleList && s.key.Type != SegmentList { // rules name their own line
			err = fault.Wrap(fault.As(fault.Usage, err), "%s: %s", s.origin.From, s.key.Name)
		}
		l.problem(s.origin.From, err)
		return
	}
	l.origins[s.key.Name] = s.origin
}

func (s *setting) check(env func(string) string) (err error) {
	k, v := s.key, &s.value
	if k.Secret {
		return nil // revealed when it is used
	}
	if v.text, err = expand(v.text, env); err != nil {
		return err
	}
	for i := range v.list {
		if v.list[i], err = expand(v.list[i], env); err != nil {
			return err
		}
	}
	for i := range v.pairs {
		if v.pairs[i].value, err = expand(v.pairs[i].value, env); err != nil {
			return err
		}
	}
	if k.Choices != nil && !slices.Contains(k.Choices, v.text) {
		e := fault.New(fault.Usage, "%q is not possible", v.text)
		if near := yamldoc.Nearest(v.text, k.Choices); near != "" {
			return e.WithHint("did you mean %s? It is one of %s", near, strings.Join(k.Choices, ", "))
		}
		return e.WithHint("choose one of %s", strings.Join(k.Choices, ", "))
	}
	if k.check != nil && k.Type == Text {
		return k.check(v.text)
	}
	return nil
}

// list returns the origin of every key.
func (l *loader) list() []Origin {
	out := make([]Origin, 0, len(Keys))
	for _, k := range Keys {
		o, ok := l.origins[k.Name]
		if !ok {
			o = Origin{Key: k.Name, Value: k.Default, From: "default"}
		}
		out = append(out, o)
	}
	return out
}

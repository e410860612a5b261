package analysis

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
)

// A model file is one line "ecomctl-predict VERSION SHA-256" and a JSON document. The version
// rises when an older program could not read a file rightly. JSON keeps every bit of a float64.
const (
	predictMagic   = "ecomctl-predict"
	predictVersion = 1
)

// predictFile is the JSON document.
type predictFile struct {
	Model  *learner.Model
	Label  string     `json:",omitempty"` // of a table
	Events *eventSpec `json:",omitempty"` // how features are made of events
	Rows   int        // fitted to
	AUC    float64    // out of fold
	Seed   uint64
}

func newPredictFile(o *predictOptions, d *predictData, tr *learner.Trained) *predictFile {
	m := tr.Candidates[tr.Best].Metrics
	return &predictFile{Model: tr.Model, Label: o.label, Events: d.events, Rows: m.Rows, AUC: m.AUC, Seed: o.Seed}
}

func (f *predictFile) encode() ([]byte, error) {
	body, err := json.Marshal(f)
	if err != nil {
		return nil, fault.New(fault.Internal, "writing the model: %w", err)
	}
	sum := sha256.Sum256(body)
	return slices.Concat([]byte(fmt.Sprintf("%s %d %s\n", predictMagic, predictVersion, hex.EncodeToString(sum[:]))), body, []byte("\n")), nil
}

// readPredictFile reads the file of --apply, or nil without one.
func readPredictFile(r *Request) (*predictFile, error) {
	data, ok := r.Files["apply"]
	if !ok {
		return nil, nil
	}
	f, err := decodePredictFile(data)
	if err != nil {
		return nil, fault.Wrap(err, "--apply %s", r.Str("apply"))
	}
	return f, nil
}

// decodePredictFile reads a model file and checks all of it, so that predicting cannot fail.
func decodePredictFile(data []byte) (*predictFile, error) {
	const remedy = "make a new one with: ecomctl behavior predict INPUT --save FILE"
	head, body, ok := bytes.Cut(data, []byte("\n"))
	words := strings.Fields(string(head[:min(len(head), 200)]))
	if !ok || len(words) != 3 || words[0] != predictMagic {
		return nil, fault.New(fault.Input, "not a file of behavior predict --save").WithHint(remedy)
	}
	if words[1] != fmt.Sprint(predictVersion) {
		return nil, fault.New(fault.Input, "version %.20s; this program reads version %d", words[1], predictVersion).WithHint(remedy)
	}
	body = bytes.TrimSuffix(body, []byte("\n"))
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != words[2] {
		return nil, fault.New(fault.Input, "the file is damaged: its content does not have the check sum of its first line").WithHint(remedy)
	}
	f, err := parsePredictFile(body)
	if err != nil {
		return nil, fault.As(fault.Input, fault.Wrap(err, "the file is damaged"))
	}
	return f, nil
}

// parsePredictFile reads the JSON document.
func parsePredictFile(body []byte) (*predictFile, error) {
	f := &predictFile{}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(f); err != nil {
		return nil, err
	}
	if f.Model == nil || len(f.Model.Fields) == 0 {
		return nil, fault.New(fault.Input, "no model")
	}
	if err := f.Model.Validate(); err != nil {
		return nil, err
	}
	if f.Events == nil {
		return f, nil
	}
	if err := f.Events.validate(); err != nil {
		return nil, err
	}
	names := f.Events.names()
	if len(names) != len(f.Model.Fields) {
		return nil, fault.New(fault.Input, "%d features of events for %d fields", len(names), len(f.Model.Fields))
	}
	for i, field := range f.Model.Fields {
		if field.Name != names[i] || (field.Levels != nil) != (names[i] == lastTypeFeature) {
			return nil, fault.New(fault.Input, "field %.40q is not the feature %s", field.Name, names[i])
		}
	}
	return f, nil
}

// fittedTo names the kind of input.
func (f *predictFile) fittedTo() string {
	if f.Events != nil {
		return "events"
	}
	return "a table"
}

// note says what the model was fitted to.
func (f *predictFile) note() string {
	return fmt.Sprintf("%s, fitted to %d rows, out-of-fold AUC %.3f then", modelText(f.Model), f.Rows, f.AUC)
}

// columns lists the columns that the model of a table reads.
func (f *predictFile) columns() []string {
	var names []string
	for _, c := range f.Model.Fields {
		names = append(names, c.Name)
	}
	return names
}

// checkColumns checks that a table has the model's columns, of the model's types.
func (f *predictFile) checkColumns(r *Request) error {
	var missing []string
	for _, field := range f.Model.Fields {
		i := r.Rel.Find(field.Name)
		if i < 0 {
			missing = append(missing, field.Name)
			continue
		}
		if t := r.Rel.Columns[i].Type; (t == expr.Text) != (field.Levels != nil) && r.Rows != 0 {
			return fault.New(fault.Usage, "--apply: column %s is %s here and was %s when the model was fitted", field.Name, t, kindOfField(field))
		}
	}
	if len(missing) > 0 {
		return fault.New(fault.Usage, "--apply: the input has no %s", strings.Join(missing, ", ")).
			WithHint("the model was fitted to the columns %s", strings.Join(f.columns(), ", "))
	}
	return nil
}

func kindOfField(f learner.Field) string {
	if f.Levels != nil {
		return "text"
	}
	return "a number"
}

// fit gives columns the codes of the model's levels.
func (f *predictFile) fit(cols []learner.Column) ([]learner.Column, error) {
	for i := range cols {
		field := f.Model.Fields[i]
		if (cols[i].Values == nil) != (field.Levels != nil) {
			return nil, fault.New(fault.Input, "--apply: column %s is not %s here", field.Name, kindOfField(field))
		}
		if field.Levels != nil {
			recode(&cols[i], field.Levels)
		}
	}
	return cols, nil
}

// recode changes the levels of a column.
func recode(c *learner.Column, levels []string) {
	code := make(map[string]int32, len(levels))
	for i, s := range levels {
		code[s] = int32(i)
	}
	to := make([]int32, len(c.Levels)+1)
	to[len(c.Levels)] = int32(len(levels))
	for k, s := range c.Levels {
		to[k] = int32(len(levels))
		if v, ok := code[s]; ok {
			to[k] = v
		}
	}
	for i, k := range c.Codes {
		if k >= 0 {
			c.Codes[i] = to[k]
		}
	}
	c.Levels = levels
}

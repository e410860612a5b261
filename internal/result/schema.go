package result

import (
	"encoding/json"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
)

// property is the JSON Schema of one column.
type property struct {
	Type        any    `json:"type"`
	Format      string `json:"format,omitempty"`
	Description string `json:"description"`
	Unit        Unit   `json:"x-unit,omitempty"`
}

// JSONSchema returns the schema (JSON Schema 2020-12) of a result in JSON: an array of
// objects with these columns. Columns that may be null say when.
func JSONSchema(name string, specs []Spec) ([]byte, error) {
	props := make(map[string]property, len(specs))
	required := make([]string, 0, len(specs))
	for _, s := range specs {
		p := property{Description: s.Desc, Unit: s.Unit}
		var typ string
		switch s.Type {
		case expr.Bool:
			typ = "boolean"
		case expr.Int:
			typ = "integer"
		case expr.Float, expr.Money:
			typ = "number"
		case expr.Time:
			typ, p.Format = "string", "date-time"
		case expr.Date:
			typ, p.Format = "string", "date"
		default:
			typ = "string"
		}
		types := []string{typ}
		if typ == "string" && strings.HasSuffix(s.Name, "_id") {
			types = append(types, "integer") // ids keep the type they have in the input
		}
		if s.Null != "" {
			types = append(types, "null")
			p.Description += " (null: " + s.Null + ")"
		}
		p.Type = types
		if len(types) == 1 {
			p.Type = typ
		}
		props[s.Name] = p
		required = append(required, s.Name)
	}
	return json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   name,
		"type":    "array",
		"items":   map[string]any{"type": "object", "properties": props, "required": required},
	}, "", "  ")
}

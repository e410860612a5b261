package quality

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/yamldoc"
)

// unknownColumn is the error for a name that the input does not have, with the
// nearest name that it has.
func unknownColumn(name string, schema *arrow.Schema) error {
	names := make([]string, schema.NumFields())
	for i := range names {
		names[i] = schema.Field(i).Name
	}
	err := fault.New(fault.Usage, "looking for column %q: the input has no such column", name)
	if near := yamldoc.Nearest(name, names); near != "" {
		return err.WithHint("did you mean %q? The columns are %s", near, list(names))
	}
	return err.WithHint("the columns are %s", list(names))
}

// list joins names, not endlessly.
func list(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

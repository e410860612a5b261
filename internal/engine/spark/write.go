package spark

import (
	"context"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Write implements engine.Writer: Spark writes the rows, and nothing but its progress comes here. The folder to is replaced by
// Spark where it is there already.
func (e *Engine) Write(ctx context.Context, rel *relation.Relation, rows query.Derived, to string) error {
	if _, batch := e.c.(announced); batch {
		return fault.New(fault.Internal, "writing %s: a batch job hands its answers over", to)
	}
	s, err := NewScript(rel, PathsOf(rel), query.Plan{})
	if err != nil {
		return err
	}
	ask, done := e.watch()
	defer done()
	if err := e.prepare(ctx, s); err != nil {
		return err
	}
	tables, err := e.tables(ctx, rel)
	if err != nil {
		return err
	}
	insert, err := insertInto(to, rel, tables, rows)
	if err != nil {
		return err
	}
	return fault.Wrap(e.c.Exec(ctx, insert, Op{Progress: ask(0)}), "writing %s", rows.Query.Name)
}

// ExplainWrite implements engine.Writer: it is the script.
func (e *Engine) ExplainWrite(rel *relation.Relation, rows query.Derived, to string) (string, error) {
	s, err := NewScript(rel, PathsOf(rel), query.Plan{})
	if err != nil {
		return "", err
	}
	insert, err := insertInto(to, rel, tablesOf(rel), rows)
	if err != nil {
		return "", err
	}
	return s.Text() + "\n-- write " + rows.Query.Name + "\n" + insert + ";\n", nil
}

// insertInto prints the statement that writes rows.
func insertInto(to string, rel *relation.Relation, tables sqlgen.Tables, rows query.Derived) (string, error) {
	sql, err := sqlgen.SparkDerived(rel, tables, rows)
	if err != nil {
		return "", err
	}
	for _, c := range []byte(to) {
		if c < ' ' || c == 0x7f {
			return "", fault.New(fault.Usage, "writing %q: the name of the folder holds a control character", to)
		}
	}
	literal := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(to)
	return "INSERT OVERWRITE DIRECTORY '" + literal + "' USING parquet\n" + strings.TrimSuffix(sql, "\n"), nil
}

// Sees reports whether Spark finds a file of text, which tells whether it shares a disk with this machine.
func (c *Client) Sees(ctx context.Context, path string) (bool, error) {
	name, err := sqlgen.Spark.Ident(path)
	if err != nil {
		return false, err
	}
	_, err = c.Query(ctx, "SELECT * FROM text."+name, Op{})
	if Is(err, "PATH_NOT_FOUND") {
		return false, nil
	}
	return err == nil, err
}

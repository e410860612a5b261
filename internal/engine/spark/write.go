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
	s, insert, err := writeScript(rel, rows, to)
	if err != nil {
		return err
	}
	ask, done := e.watch()
	defer done()
	if err := e.prepare(ctx, s); err != nil {
		return err
	}
	return fault.Wrap(e.c.Exec(ctx, insert.SQL, Op{Progress: ask(0)}), "writing %s", rows.Query.Name)
}

// ExplainWrite implements engine.Writer: it is the script.
func (e *Engine) ExplainWrite(rel *relation.Relation, rows query.Derived, to string) (string, error) {
	s, insert, err := writeScript(rel, rows, to)
	if err != nil {
		return "", err
	}
	return s.Text() + "\n-- write " + insert.Name + "\n" + insert.SQL + ";\n", nil
}

// writeScript is a script with no queries, and the statement that writes the rows.
func writeScript(rel *relation.Relation, rows query.Derived, to string) (*Script, Statement, error) {
	s, err := NewScript(rel, PathsOf(rel), query.Plan{})
	if err != nil {
		return nil, Statement{}, err
	}
	sql, err := sqlgen.SparkDerived(rel, tablesOf(rel), rows)
	if err != nil {
		return nil, Statement{}, err
	}
	for _, c := range []byte(to) {
		if c < ' ' || c == 0x7f {
			return nil, Statement{}, fault.New(fault.Usage, "writing %q: the name of the folder holds a control character", to)
		}
	}
	literal := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(to)
	return s, Statement{rows.Query.Name, "INSERT OVERWRITE DIRECTORY '" + literal + "' USING parquet\n" + strings.TrimSuffix(sql, "\n")}, nil
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

package spark

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Statement is one statement of a script and what it is for.
type Statement struct{ Name, SQL string }

// Script is all that Spark is told to answer a plan: it can be run by spark-sql as it stands.
type Script struct {
	Settings [][2]string // of the session, before all others
	Views    []Statement // the inputs
	Proofs   []Statement // have no rows, or a join's key is not unique
	Facts    Statement   // where every row goes
	Queries  []Statement // in the plan's order, then its scorings
}

// Paths are the files of a relation's tables as Spark sees them.
type Paths struct {
	Fact  []string
	Joins [][]string // parallel to Relation.Joins
}

// PathsOf returns the files of a relation's tables as their datasets name them.
func PathsOf(rel *relation.Relation) Paths {
	uris := func(d source.Dataset) (out []string) {
		for _, in := range d.Inputs() {
			out = append(out, in.URI)
		}
		return out
	}
	p := Paths{Fact: uris(rel.Fact)}
	for _, j := range rel.Joins {
		p.Joins = append(p.Joins, uris(j.Table))
	}
	return p
}

// NewScript prints a plan over a relation of Parquet files. What Spark SQL cannot say, or cannot say with the meaning of package query, is
// refused with fault.Usage, and so are groupings, whose answers are the rows themselves.
func NewScript(rel *relation.Relation, paths Paths, plan query.Plan) (*Script, error) {
	return newScript(rel, tablesOf(rel), paths, plan)
}

// newScript is NewScript for tables of which more is known than their names.
func newScript(rel *relation.Relation, tables sqlgen.Tables, paths Paths, plan query.Plan) (*Script, error) {
	if err := answerable(rel, plan); err != nil {
		return nil, err
	}
	s := &Script{Settings: sqlgen.SparkSettings}
	if err := s.views(rel, tables, paths); err != nil {
		return nil, err
	}
	for i, j := range rel.Joins {
		sql, err := sqlgen.KeyProof(sqlgen.Spark, rel, tables, i)
		if err != nil {
			return nil, err
		}
		if sql != "" {
			s.Proofs = append(s.Proofs, Statement{j.Name, sql})
		}
	}
	facts, err := sqlgen.Facts(sqlgen.Spark, rel, tables)
	if err != nil {
		return nil, err
	}
	s.Facts = Statement{"account", facts}
	for _, q := range plan.Queries {
		sql, err := sqlgen.Query(sqlgen.Spark, rel, tables, q)
		if err != nil {
			return nil, err
		}
		s.Queries = append(s.Queries, Statement{q.Name, sql})
	}
	for _, sc := range plan.Scorings {
		sql, err := sqlgen.SparkScoring(rel, tables, sc)
		if err != nil {
			return nil, err
		}
		s.Queries = append(s.Queries, Statement{"scores of " + sc.Query.Name, sql})
	}
	return s, nil
}

// answerable refuses what is no aggregate.
func answerable(rel *relation.Relation, plan query.Plan) error {
	switch {
	case len(plan.Groupings) > 0:
		return fault.New(fault.Usage, "--engine spark: this needs the rows of each group one by one (%s), and rows stay on Spark", plan.Groupings[0].Name).
			WithHint("leave --engine spark out")
	case plan.Duplicates || plan.Nulls:
		return fault.New(fault.Usage, "--engine spark: duplicates and nulls by column are counted on this machine only").WithHint("leave --engine spark out")
	case rel.Rates != nil:
		return fault.New(fault.Usage, "--engine spark: --rates are applied on this machine only").WithHint("convert the input first: ecomctl clean --rates …, or leave --engine spark out")
	}
	return nil
}

// tablesOf names the views of a relation.
func tablesOf(rel *relation.Relation) sqlgen.Tables {
	t := sqlgen.Tables{Fact: rel.Name, Native: true}
	for _, j := range rel.Joins {
		t.Joins = append(t.Joins, "joined_"+j.Name)
	}
	return t
}

// views makes a view of each table. The fact table's rows are numbered where --dedupe asks which of them is the first.
func (s *Script) views(rel *relation.Relation, tables sqlgen.Tables, paths Paths) error {
	if len(paths.Joins) != len(tables.Joins) {
		return fault.New(fault.Internal, "printing SQL for Spark: paths of %d tables for %d joins", len(paths.Joins), len(tables.Joins))
	}
	add := func(name string, files []string, numbered bool) error {
		sql, err := view(name, files, numbered)
		s.Views = append(s.Views, Statement{name, sql})
		return err
	}
	if err := add(tables.Fact, paths.Fact, rel.Dedupe); err != nil {
		return err
	}
	for i, name := range tables.Joins {
		if err := add(name, paths.Joins[i], false); err != nil {
			return err
		}
	}
	return nil
}

func view(name string, files []string, numbered bool) (string, error) {
	ident, err := sqlgen.Spark.Ident(name)
	if err != nil {
		return "", err
	}
	var parts []string
	for i, f := range files {
		from, err := fileTable(f)
		if err != nil {
			return "", err
		}
		list := "*"
		if numbered {
			list = fmt.Sprintf("*, STRUCT(%d AS input, _metadata.file_path AS file, _metadata.row_index AS row) AS `%s`", i, sqlgen.SparkRow)
		}
		parts = append(parts, "SELECT "+list+" FROM "+from)
	}
	if len(parts) == 0 {
		return "", fault.New(fault.Internal, "printing SQL for Spark: no files for %s", name)
	}
	return "CREATE OR REPLACE TEMPORARY VIEW " + ident + " AS\n" + strings.Join(parts, "\nUNION ALL\n") + "\n", nil
}

// Text is the whole script, each statement under a comment that names it.
func (s *Script) Text() string {
	var b strings.Builder
	for _, kv := range s.Settings {
		fmt.Fprintf(&b, "SET %s=%s;\n", kv[0], kv[1])
	}
	add := func(what string, list ...Statement) {
		for _, st := range list {
			fmt.Fprintf(&b, "\n-- %s %s\n%s;\n", what, strings.Join(strings.Fields(st.Name), " "), strings.TrimSuffix(st.SQL, "\n"))
		}
	}
	add("input", s.Views...)
	add("a join's key has one meaning:", s.Proofs...)
	add("query", append(slices.Clone(s.Queries), s.Facts)...)
	return b.String()
}

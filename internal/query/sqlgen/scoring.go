package sqlgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// ScoringColumns are the columns of what SparkScoring prints.
func ScoringColumns(s query.Scoring) []string {
	out := append(slices.Clone(s.By), "groups")
	for _, name := range s.By {
		out = append(out, "sum of "+name)
	}
	return out
}

// SparkScoring prints a scoring for Spark: the groups become a step, the least values that reach each score are found over their distinct
// values, and the groups are folded by their scores. The groups are asked for twice with the same columns, so that Spark computes them once.
func SparkScoring(rel *relation.Relation, tables Tables, s query.Scoring) (string, error) {
	groups, err := groupsOf(Spark, rel, tables, s)
	if err != nil {
		return "", err
	}
	var used names
	used.reserve(tables.Fact)
	used.reserve(tables.Joins...)
	ident := func(name string) string { n, _ := Spark.Ident(name); return n } // the query's own columns: printed already
	customers, ladder, cuts := ident(used.fresh("groups")), ident(used.fresh("ladder")), ident(used.fresh("cuts"))
	var stack, cut, scores, sums []string
	for i, name := range s.By {
		stack = append(stack, fmt.Sprintf("%d, %s", i, ident(name)))
		score := "1L"
		for k := int64(1); k < s.Steps; k++ {
			at := ident(fmt.Sprintf("from %d of %d", k+1, i))
			cut = append(cut, fmt.Sprintf("MIN(CASE WHEN `which` = %d AND %d * `worse` >= %d * `of` THEN `value` END) AS %s", i, s.Steps, k, at))
			score += fmt.Sprintf(" + CASE WHEN %s >= %s THEN 1L ELSE 0L END", ident(name), at)
		}
		scores = append(scores, score+" AS "+ident("score "+name))
		sums = append(sums, fmt.Sprintf("CAST(%s AS BIGINT) AS %s", sparkSQL{}.Sum(ident(name)), ident("sum of "+name)))
	}
	var list []string
	for _, name := range s.By {
		list = append(list, ident("score "+name)+" AS "+ident(name))
	}
	places := make([]string, len(s.By))
	for i := range places {
		places[i] = fmt.Sprint(i + 1)
	}
	by := strings.Join(places, ", ")
	return fmt.Sprintf(`WITH
%[1]s AS (
%[2]s),
%[3]s AS (
  SELECT `+"`which`, `value`, SUM(COUNT(*)) OVER (PARTITION BY `which` ORDER BY `value`) - COUNT(*) AS `worse`, SUM(COUNT(*)) OVER (PARTITION BY `which`) AS `of`"+`
  FROM (SELECT STACK(%[4]d, %[5]s) AS (`+"`which`, `value`"+`) FROM %[1]s)
  GROUP BY `+"`which`, `value`"+`
),
%[6]s AS (
  SELECT
    %[7]s
  FROM %[3]s
)
SELECT
  %[8]s,
  COUNT(*) AS `+"`groups`"+`,
  %[9]s
FROM (SELECT *, %[10]s FROM %[1]s CROSS JOIN %[6]s)
GROUP BY %[11]s
ORDER BY %[11]s
`, customers, groups, ladder, len(s.By), strings.Join(stack, ", "), cuts, strings.Join(cut, ",\n    "),
		strings.Join(list, ", "), strings.Join(sums, ",\n  "), strings.Join(scores, ", "), by), nil
}

// groupsOf prints the groups of a scoring in no order, and refuses what has no place on a ladder.
func groupsOf(d Dialect, rel *relation.Relation, tables Tables, s query.Scoring) (string, error) {
	if s.Steps < 2 || s.Steps > 100 || len(s.By) == 0 {
		return "", fault.New(fault.Internal, "scoring %s by %d measures in %d steps", s.Query.Name, len(s.By), s.Steps)
	}
	for _, name := range s.By {
		i := slices.IndexFunc(s.Query.Measures, func(m query.Measure) bool { return m.Name == name })
		if i < 0 {
			return "", fault.New(fault.Internal, "scoring %s by %s, which it does not measure", s.Query.Name, name)
		}
		if m := s.Query.Measures[i]; m.Op == query.Mean || m.Op == query.Quantile {
			return "", fault.New(fault.Internal, "scoring %s by %s, which is no integer", s.Query.Name, name)
		} else if c := rel.Find(m.Column); c >= 0 && rel.Columns[c].Type == expr.Float && (m.Op == query.Sum || m.Op == query.Min || m.Op == query.Max) {
			return "", fault.New(fault.Internal, "scoring %s by %s, which is no integer", s.Query.Name, name)
		}
	}
	text, err := Query(d, rel, tables, s.Query)
	if err != nil {
		return "", err
	}
	// its last lines sort the groups, which nobody sees
	if at := strings.LastIndex(text, "\nORDER BY "); at >= 0 {
		text = text[:at+1]
	}
	return text, nil
}

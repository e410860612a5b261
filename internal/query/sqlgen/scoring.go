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
	if err := scorable(rel, s); err != nil {
		return "", err
	}
	text, err := unordered(Spark, rel, tables, s.Query)
	if err != nil {
		return "", err
	}
	var used names
	used.reserve(tables.Fact)
	used.reserve(tables.Joins...)
	groups, ladder, cuts := sparkIdent(used.fresh("groups")), sparkIdent(used.fresh("ladder")), sparkIdent(used.fresh("cuts"))
	var list, scores, sums, places []string
	for i, name := range s.By {
		scores = append(scores, scoreOf(s, i, sparkIdent(name))+" AS "+sparkIdent(query.ScoreName(name)))
		list = append(list, sparkIdent(query.ScoreName(name))+" AS "+sparkIdent(name))
		sums = append(sums, fmt.Sprintf("CAST(%s AS BIGINT) AS %s", sparkSQL{}.Sum(sparkIdent(name)), sparkIdent("sum of "+name)))
		places = append(places, fmt.Sprint(i+1))
	}
	by := strings.Join(places, ", ")
	return fmt.Sprintf(`WITH
%s
SELECT
  %s,
  COUNT(*) AS `+"`groups`"+`,
  %s
FROM (SELECT *, %s FROM %s CROSS JOIN %s)
GROUP BY %s
ORDER BY %s
`, strings.Join(append([]string{table(groups, text)}, ladderOf(s, groups, ladder, cuts)...), ",\n"),
		strings.Join(list, ", "), strings.Join(sums, ",\n  "), strings.Join(scores, ", "), groups, cuts, by, by), nil
}

// sparkIdent quotes a name that was printed before.
func sparkIdent(name string) string { n, _ := Spark.Ident(name); return n }

// cutName is the column of cuts with the least value by measure i that scores k + 1.
func cutName(i int, k int64) string { return sparkIdent(fmt.Sprintf("from %d of %d", k+1, i)) }

// ladderOf prints two tables: the distinct values of groups by each measure with how many groups have less, and one row with the least
// values that reach the scores.
func ladderOf(s query.Scoring, groups, ladder, cuts string) []string {
	var stack, cut []string
	for i, name := range s.By {
		stack = append(stack, fmt.Sprintf("%d, %s", i, sparkIdent(name)))
		for k := int64(1); k < s.Steps; k++ {
			cut = append(cut, fmt.Sprintf("MIN(CASE WHEN `which` = %d AND %d * `worse` >= %d * `of` THEN `value` END) AS %s", i, s.Steps, k, cutName(i, k)))
		}
	}
	return []string{
		table(ladder, fmt.Sprintf("  SELECT `which`, `value`, SUM(COUNT(*)) OVER (PARTITION BY `which` ORDER BY `value`) - COUNT(*) AS `worse`, SUM(COUNT(*)) OVER (PARTITION BY `which`) AS `of`\n"+
			"  FROM (SELECT STACK(%d, %s) AS (`which`, `value`) FROM %s)\n  GROUP BY `which`, `value`\n", len(s.By), strings.Join(stack, ", "), groups)),
		table(cuts, fmt.Sprintf("  SELECT\n    %s\n  FROM %s\n", strings.Join(cut, ",\n    "), ladder)),
	}
}

// scoreOf is the score of a group whose value by measure i is x.
func scoreOf(s query.Scoring, i int, x string) string {
	score := "1L"
	for k := int64(1); k < s.Steps; k++ {
		score += fmt.Sprintf(" + CASE WHEN %s >= %s THEN 1L ELSE 0L END", x, cutName(i, k))
	}
	return score
}

// scorable refuses what has no place on a ladder.
func scorable(rel *relation.Relation, s query.Scoring) error {
	if s.Steps < 2 || s.Steps > 100 || len(s.By) == 0 {
		return fault.New(fault.Internal, "scoring %s by %d measures in %d steps", s.Query.Name, len(s.By), s.Steps)
	}
	for _, name := range s.By {
		i := slices.IndexFunc(s.Query.Measures, func(m query.Measure) bool { return m.Name == name })
		if i < 0 {
			return fault.New(fault.Internal, "scoring %s by %s, which it does not measure", s.Query.Name, name)
		}
		if m := s.Query.Measures[i]; m.Op == query.Mean || m.Op == query.Quantile {
			return fault.New(fault.Internal, "scoring %s by %s, which is no integer", s.Query.Name, name)
		} else if c := rel.Find(m.Column); c >= 0 && rel.Columns[c].Type == expr.Float && (m.Op == query.Sum || m.Op == query.Min || m.Op == query.Max) {
			return fault.New(fault.Internal, "scoring %s by %s, which is no integer", s.Query.Name, name)
		}
	}
	return nil
}

// unordered prints a query without its last lines, which sort the groups, where nobody sees their order.
func unordered(d Dialect, rel *relation.Relation, tables Tables, q query.Query) (string, error) {
	text, err := Query(d, rel, tables, q)
	if at := strings.LastIndex(text, "\nORDER BY "); at >= 0 {
		text = text[:at+1]
	}
	return text, err
}

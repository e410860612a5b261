package query

import "github.com/ecomctl/ecomctl/internal/expr"

// Derived asks for rows that are computed from the groups of a query, a row a group, sorted by the query's dimensions. An
// engine.Writer writes them where it is told, so that they need not come here, however many they are.
type Derived struct {
	Query Query
	// Steps and By score the groups as a Scoring does; the score by a measure is the column ScoreName of it. Steps 0 scores none.
	Steps int64
	By    []string
	Folds []Fold
	// Columns are those of the rows, in order.
	Columns []DerivedColumn
	// Sort goes before the order of the dimensions; nulls last in either direction.
	Sort []SortKey
}

// ScoreName is the name by which columns of a Derived speak of the score by a measure.
func ScoreName(measure string) string { return "score " + measure }

// DerivedColumn is one column of the rows.
type DerivedColumn struct {
	Name string
	// Value is computed from the dimensions, the measures, the scores and the columns of the folds.
	Value expr.Node
	// Type is that of a column of nulls (Value nil); others have their value's.
	Type expr.Type
	// Hidden columns are there to be sorted by only.
	Hidden bool
}

// Fold computes columns of the groups from the groups of a finer query, whose first dimensions are those of the coarser one.
type Fold struct {
	Query   Query
	Columns []FoldColumn
}

// FoldColumn is one column of a Fold: a sum, or the value of the best row.
type FoldColumn struct {
	Name string
	// Sum is added up over the rows of the finer query; it is computed from that query's columns, and 0 without a row.
	Sum expr.Node
	// Of, where Sum is nil, is the text of the row with the most By, an integer or money; of equals the least. Null texts are none.
	Of, By string
}

// SortKey is a column to sort rows by.
type SortKey struct {
	Column string
	Desc   bool
}

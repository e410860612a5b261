package schema

import "github.com/ecomctl/ecomctl/internal/relation"

// MovieLens ratings.
var _ = register(&Preset{
	Name: "movielens", EN: "MovieLens ratings", ZH: "MovieLens 评分", Table: Interactions,
	Columns: []PresetColumn{
		{Canonical: "user_id", From: []string{"userId", "user_id"}},
		{Canonical: "item_id", From: []string{"movieId", "item_id"}},
		{Canonical: "rating", From: []string{"rating"}},
		{Canonical: "ts", From: []string{"timestamp"}, Layout: relation.LayoutUnix},
	},
	// The 100K files are separated by tabs and have no header; those of 1M and 10M are separated by "::".
	Text: &TextFile{Names: [][]string{{"user_id", "item_id", "rating", "timestamp"}, {"user_id", "", "item_id", "", "rating", "", "timestamp"}}},
})

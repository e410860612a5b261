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
})

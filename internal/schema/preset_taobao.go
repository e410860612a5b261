package schema

import "github.com/ecomctl/ecomctl/internal/relation"

// Taobao user behaviour (Tianchi): pv, cart, fav and buy events, without header.
var _ = register(&Preset{
	Name: "taobao", EN: "Taobao user behaviour", ZH: "淘宝用户行为数据", Table: Events,
	Columns: []PresetColumn{
		{Canonical: "user_id", From: []string{"user_id"}},
		{Canonical: "event_ts", From: []string{"timestamp", "time"}, Layout: relation.LayoutUnix},
		{Canonical: "event_type", From: []string{"behavior_type", "behavior"}},
		{Canonical: "product_id", From: []string{"item_id"}},
		{Canonical: "category", From: []string{"category_id", "item_category"}},
	},
	Text: &TextFile{Names: [][]string{{"user_id", "item_id", "category_id", "behavior_type", "timestamp"}}},
})

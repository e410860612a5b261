package schema

// REES46 clickstreams: view, cart, remove_from_cart and purchase events.
var _ = register(&Preset{
	Name: "rees46", EN: "REES46 clickstream", ZH: "REES46 点击流", Table: Events,
	Columns: []PresetColumn{
		{Canonical: "user_id", From: []string{"user_id"}},
		{Canonical: "event_ts", From: []string{"event_time"}},
		{Canonical: "event_type", From: []string{"event_type"}},
		{Canonical: "session_id", From: []string{"user_session"}},
		{Canonical: "product_id", From: []string{"product_id"}},
		{Canonical: "category", From: []string{"category_code"}},
		{Canonical: "price", From: []string{"price"}},
	},
})

// Package sqlgen prints relations and queries as SQL, with the meaning that
// package query pins: what a dialect cannot keep, it refuses by name.
//
//	Relation ─┐   source      raw columns of the fact table and its joins
//	          ├─▶ step_1 …    values: mapping, money, the kind of each row, cuts, windows
//	Query ────┘   answer      groups
//	              SELECT …    sorted by the dimensions, nulls last
//
// A value that is needed more than once becomes a column of the next step, so the text stays
// small however deep an expression is, and a person can read it from the top.
// Nothing but integer arithmetic touches time: no engine's zone or calendar
// functions are used.
//
// Raw columns are expected as the source's schema has them: integers,
// timestamps (in the unit of their type) and dates (days) as 64-bit integers,
// floats as doubles, booleans as 0 and 1, text as UTF-8; columns of text formats that are
// mapped to text as their text.
//
// # What differs from the local engine
//
// Sums and means of doubles (not of money, which is exact) are added in the
// database's own order and may differ in the last digits. Text is not parsed:
// mapping text to numbers or times is refused. Clocks of a zone are listed up to the year
// 2200; later instants keep the last offset.
package sqlgen

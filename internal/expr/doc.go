// Package expr is the small typed language of --where, of clean rules and of
// validation rules: comparison, arithmetic, in, between, is null, like, and/or/not,
// a few functions. An expression is data (a Node): it is checked against
// a schema, evaluated vector by vector over frame columns, or printed as SQL by
// a dialect. Logic is SQL's three-valued logic; a row passes a filter only when
// the answer is true.
//
//	text ─Parse─▶ Node ─Check─▶ typed Node ─┬─Compile─▶ Program ─Filter/Eval─▶ vectors
//	builders ────▶                           └─sqlgen──▶ SQL
//
// # Meaning, the same on every engine
//
// What has no value is null: x / 0, x % 0, an integer, money or date result that
// does not fit 64 bits, a number result that is NaN or infinite. NaN and
// infinities in the data are null already. A comparison with null is null;
// `and`, `or`, `not` follow Kleene's logic; a null condition does not pass.
//
//   - integer + - * integer is an integer; `/` always gives a number (7 / 2 is
//     3.5); `%` takes integers or money and has the sign of its left side.
//   - money keeps four decimals exactly: money ± money, money ± integer, money * integer,
//     money % money are money; with a number the result is a number (a double).
//     A literal with at most four decimals beside money in ± and comparisons is money.
//   - an integer compared with a number is compared as a double, but a whole
//     literal beside an integer is an integer.
//   - date ± integer moves by days, date − date gives days; other arithmetic on times
//     has no meaning here. A date compared with a timestamp is its midnight.
//   - text compares by bytes. lower and upper change A–Z and a–z only, trim drops spaces, length counts
//     characters, like is case-sensitive (% any run, _ one character).
//   - round is half away from zero; round(x, n) of a number is round(x·10ⁿ)/10ⁿ in
//     doubles, and x itself where x·10ⁿ is 2⁵² or more; -0 becomes 0.
//   - year, month, day, hour and weekday (1 = Monday … 7) read the proleptic Gregorian
//     calendar of the wall time.
//
// # Limits
//
// An expression has at most 1 MiB of text, 256 levels of nesting and 65,536
// nodes, so hostile input costs little and never the stack.
package expr

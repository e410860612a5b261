// Package calendar estimates what known events (holidays, shopping days, promotions) do to a daily series,
// so that models see it without them and forecasts have them again.
//
// The series is compared with a robust STL base that is made without the days near events: the ratio
// of value and base, less 1, is the event's effect on one day. Days are told apart by event and by
// offset from it. An effect is kept only if, estimated from the event's earlier occurrences, it would
// have come nearer to the later ones than no effect does. An event seen once cannot be tested; if
// strong, it is used as far as strong effects of other events came back in this history, and not at all
// where there were none. Kept effects are means over the occurrences, shrunk towards 0 by their noise
// (James & Stein 1961, positive part).
package calendar

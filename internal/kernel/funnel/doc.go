// Package funnel counts how far users get through ordered steps.
//
// A chain of a user begins with an event of the first step, its entry, at a time in [From, To).
// Step k+1 of a chain is an event of its type whose time is ≥ that of step k, in another row
// than all steps before, and ≤ entry + window; it may lie behind To. The depth of a chain is
// the number of its steps. Every entry of a user is tried; the chain that counts is the
// deepest, and of several the one with the earliest entry. Its steps are the
// earliest possible ones, which by exchange make it as deep as any choice would.
//
// A user whose chain has not come to the last step while its window reaches beyond what has
// been observed (entry + window ≥ End, the first moment not observed) is censored: he
// may finish yet. Such users are counted apart.
//
// One pass from a user's last event to his first one suffices. Let R(k) be the
// times of steps k, k+1, … of the earliest chain that begins with step k at or behind the
// current time. An event of step k at time t makes R(k) = t, R'(k+1), where R' is R of the
// time behind t; events of equal time may follow each other in any order, each used
// once. So n events and s steps cost O(n·s), however many entries there are.
package funnel

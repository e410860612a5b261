// Package session cuts the events of users into sessions and counts what follows what.
//
// Events with a session code make the session of that code; the others, and all when there are no
// codes, are cut where the next event is Gap or more later. In a session events
// are in order of time, equal times in their order in the input. A session of events
// e1 … en makes the transitions start → e1, e1 → e2, …, en → end.
//
// The transitions of one session after another are independent of all else, so users are
// divided among workers and the counts are added.
package session

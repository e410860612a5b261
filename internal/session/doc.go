// Package session opens what a user named and gets it ready to be asked: settings
// (from flags, variables and files) → inputs → mapping and rules → an analysis request and
// the engine that answers it. The command line, the service and the stores all come this way, so
// the same words mean the same everywhere.
//
//	Settings + Host ─Inputs─▶ Session.Data ─Relate─▶ Session.Rel, Session.Req ─Engine─▶ analysis.Run
package session

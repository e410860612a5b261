package expr

// Node is a node of a parsed expression. The concrete types are data that
// dialects print and Compile evaluates.
type Node interface {
	// Pos is the byte offset in the source text, or -1 for built nodes.
	Pos() int
}

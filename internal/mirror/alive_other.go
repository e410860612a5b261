//go:build !unix

package mirror

// alive cannot be told here; unfinished files go after a day.
func alive(int) bool { return true }

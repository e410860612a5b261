//go:build unix

package vfs

import "syscall"

// errQuota is what a user's disk quota answers.
var errQuota error = syscall.EDQUOT

//go:build !unix

package vfs

import "errors"

// errQuota never occurs: the system has no such error.
var errQuota = errors.New("disk quota exceeded")

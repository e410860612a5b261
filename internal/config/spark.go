package config

import (
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// checkSpark accepts the address of a Spark Connect server whose token, if any, is a reference.
func checkSpark(s string) error {
	if !strings.HasPrefix(s, "sc://") {
		return fault.New(fault.Usage, "it is not the address of a Spark Connect server").WithHint("it looks like sc://HOST:15002")
	}
	return nil
}

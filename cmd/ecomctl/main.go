// Command ecomctl turns a shop's raw orders and clicks into answers.
package main

import (
	"os"

	"github.com/ecomctl/ecomctl/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }

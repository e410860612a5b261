// Command check reads goreleaser.yaml with goreleaser's own configuration types, strictly: a key that
// goreleaser does not know, or a value of the wrong type, is an error. It is a module of its own, so
// that its dependencies are not ecomctl's. The full `goreleaser check` is `make release-check`.
package main

import (
	"fmt"
	"os"

	"github.com/goreleaser/goreleaser/v2/pkg/config"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: check goreleaser.yaml")
		os.Exit(2)
	}
	project, err := config.Load(os.Args[1])
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: reading %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	if project.Version != 2 || len(project.Builds) == 0 || len(project.Archives) == 0 {
		fmt.Fprintf(os.Stderr, "error: %s: version 2 with builds and archives is expected\n", os.Args[1])
		os.Exit(1)
	}
}

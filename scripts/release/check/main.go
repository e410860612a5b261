// Command check reads goreleaser.yaml with goreleaser's own configuration types, strictly: a key that
// goreleaser does not know, or a value of the wrong type, is an error. It is a module of its own, so
// that its dependencies are not ecomctl's. The full `goreleaser check` is `make release-check`.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

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
	if missing := promises(project); len(missing) > 0 {
		fmt.Fprintf(os.Stderr, "error: %s does not release: %s\n", os.Args[1], strings.Join(missing, ", "))
		os.Exit(1)
	}
}

// promises lists what the README says a release has and the configuration leaves out.
func promises(p config.Project) (missing []string) {
	built := map[string]bool{}
	for _, b := range p.Builds {
		for _, goos := range b.Goos {
			for _, goarch := range b.Goarch {
				built[goos+"/"+goarch] = true
			}
		}
		if !slices.Contains(b.Env, "CGO_ENABLED=0") {
			missing = append(missing, b.ID+" as a static binary")
		}
	}
	for _, goos := range []string{"linux", "darwin", "windows"} {
		for _, goarch := range []string{"amd64", "arm64"} {
			if !built[goos+"/"+goarch] {
				missing = append(missing, goos+"/"+goarch)
			}
		}
	}
	var packed []string
	for _, a := range p.Archives {
		for _, f := range a.Files {
			packed = append(packed, f.Source, f.Destination)
		}
	}
	for _, name := range []string{"LICENSE", "NOTICE", "completions", "man"} {
		if !slices.Contains(packed, name) {
			missing = append(missing, name)
		}
	}
	if p.Checksum.NameTemplate == "" {
		missing = append(missing, "checksums")
	}
	return missing
}

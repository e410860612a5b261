#!/usr/bin/env bash
# Prints those of the given packages whose test binaries hold the property testing library, and so know its flags.
set -euo pipefail
go list -test -f '{{$p := .ImportPath}}{{range .Deps}}{{if eq . "pgregory.net/rapid"}}{{$p}}{{"\n"}}{{end}}{{end}}' "$@" |
  sed -n 's/\.test$//p'

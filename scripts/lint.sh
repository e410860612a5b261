#!/usr/bin/env bash
# gofmt, go vet, shell syntax, golangci-lint with the rules of .golangci.yml, govulncheck.
# The two tools are built by the Go toolchain at pinned versions into .services/bin. govulncheck
# needs its database: when that cannot be reached it is skipped, and said so.
. "$(dirname "$0")/services/lib.sh"
cd "$ROOT"

GOLANGCI=v2.15.0
GOVULN=v1.9.0

# tool NAME VERSION PACKAGE: build a Go tool once.
tool() {
  local bin=$SERVICES_DIR/bin
  if stamped "$bin/$1.version" "$2" && [ -x "$bin/$1" ]; then return 0; fi
  say "building $1 $2"
  GOBIN=$bin run_logged "$SERVICES_DIR/log/$1.log" go install "$3@$2" || return 1
  printf '%s' "$2" >"$bin/$1.version"
}

bad=$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l)
[ -z "$bad" ] || die "gofmt: these files are not formatted:"$'\n'"$bad"
go vet ./...
git ls-files -co --exclude-standard '*.sh' .ci/run | while read -r f; do bash -n "$f"; done

(cd scripts/release/check && go run . "$ROOT/goreleaser.yaml")

if tool golangci-lint $GOLANGCI github.com/golangci/golangci-lint/v2/cmd/golangci-lint; then
  "$SERVICES_DIR/bin/golangci-lint" run --allow-parallel-runners --timeout 10m ./...
elif [ "${CI:-}" = true ]; then
  die "golangci-lint could not be built"
else
  say "golangci-lint could not be built: its rules were not checked"
fi

if tool govulncheck $GOVULN golang.org/x/vuln/cmd/govulncheck; then
  log=$SERVICES_DIR/log/govulncheck-run.log
  # one small package first: without its database the tool would load the whole program for nothing
  if ! timeout 120 "$SERVICES_DIR/bin/govulncheck" ./internal/fault >"$log" 2>&1 && grep -q 'fetching vulnerabilities' "$log"; then
    say "govulncheck: the vulnerability database cannot be reached, skipped"
  elif timeout 600 "$SERVICES_DIR/bin/govulncheck" ./... >"$log" 2>&1; then
    say "govulncheck: $(tail -n 1 "$log")"
  else
    cat "$log" >&2
    die "govulncheck found something"
  fi
else
  say "govulncheck could not be built: skipped"
fi
say "lint: clean"

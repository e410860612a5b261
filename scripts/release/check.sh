#!/usr/bin/env bash
# `goreleaser check`, or with --snapshot all archives in dist/. Builds goreleaser once (minutes) into .services/bin.
. "$(dirname "$0")/../services/lib.sh"
cd "$ROOT"
version=v2.16.0
bin=$SERVICES_DIR/bin
if ! stamped "$bin/goreleaser.version" $version || [ ! -x "$bin/goreleaser" ]; then
  say "building goreleaser $version (5 to 12 minutes)"
  GOBIN=$bin run_logged "$SERVICES_DIR/log/goreleaser.log" go install "github.com/goreleaser/goreleaser/v2@$version" ||
    die "goreleaser could not be built"
  printf '%s' $version >"$bin/goreleaser.version"
fi
case ${1:-} in
  --snapshot) "$bin/goreleaser" release --snapshot --clean --skip=publish ;;
  *) "$bin/goreleaser" check ;;
esac

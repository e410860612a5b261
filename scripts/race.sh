#!/usr/bin/env bash
# Test the given packages under the race detector, which needs a C compiler.
. "$(dirname "$0")/services/lib.sh"
cd "$ROOT"
if ! have gcc && ! apt_install gcc libc6-dev; then
  [ "${ECOMCTL_REQUIRE_SERVICES:-0}" != 1 ] || die "the race detector needs gcc"
  say "no gcc: the race detector is skipped"
  exit 0
fi
packages=$(go list "$@" 2>/dev/null) || packages=
[ -n "$packages" ] || die "no package matches: $*"
# shellcheck disable=SC2086
CGO_ENABLED=1 bash "$ROOT/scripts/gotest.sh" -race -short -timeout=15m $packages

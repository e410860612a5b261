#!/usr/bin/env bash
# Property tests of all packages with new seeds and the given number of draws, one package after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
for p in $(bash scripts/drawn.sh ./...); do
  go test -count=1 -timeout 60m "$p" -rapid.checks="$1" || status=1
done
exit $status

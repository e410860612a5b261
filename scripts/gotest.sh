#!/usr/bin/env bash
# go test -count=1 with the flags and packages given. Property tests draw from a new seed each time;
# under CI from RAPID_SEED (1), so that a red check tells of the change and not of the draw.
set -euo pipefail
flags=() packages=()
for arg in "$@"; do
  case $arg in -*) flags+=("$arg") ;; *) packages+=("$arg") ;; esac
done
seed=${RAPID_SEED:-}
[ -n "$seed" ] || [ "${CI:-}" != true ] || seed=1
if [ -z "$seed" ]; then
  exec go test -count=1 "${flags[@]}" "${packages[@]}"
fi
all=$(go list "${packages[@]}")
drawn=$(bash "$(dirname "$0")/drawn.sh" "${packages[@]}")
rest=$(comm -23 <(sort <<<"$all") <(sort <<<"$drawn"))
status=0
# shellcheck disable=SC2086
if [ -n "$rest" ]; then go test -count=1 "${flags[@]}" $rest || status=$?; fi
# shellcheck disable=SC2086
if [ -n "$drawn" ]; then go test -count=1 "${flags[@]}" $drawn -rapid.seed="$seed" || status=$?; fi
exit $status

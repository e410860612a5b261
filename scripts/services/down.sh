#!/usr/bin/env bash
# down.sh [NAME...]: stop services, the last named first; without a name every service. The data stay.
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || { read -ra all <<<"$(services)"; set -- "${all[@]}"; }
folders=()
for name in "$@"; do folders+=("$(service_folder "$name")"); done
failed=()
for ((i = ${#folders[@]} - 1; i >= 0; i--)); do
  bash "$ROOT/scripts/services/${folders[i]}/stop.sh" || failed+=("${folders[i]}")
done
[ ${#failed[@]} -eq 0 ] || die "not stopped: ${failed[*]}"

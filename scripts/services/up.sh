#!/usr/bin/env bash
# up.sh NAME...: install and start services; prints what each start.sh prints (addresses). Safe to run again.
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || die "name the services to start, one or more of: $(services)"
folders=()
for name in "$@"; do folders+=("$(service_folder "$name")"); done # all names are known before anything starts
failed=()
for i in "${!folders[@]}"; do
  name=${*:i+1:1} folder=$ROOT/scripts/services/${folders[i]}
  say "$name: installing and starting"
  if { [ ! -f "$folder/install.sh" ] || bash "$folder/install.sh"; } && out=$(bash "$folder/start.sh"); then
    printf '%s\n' "$out"
  else
    failed+=("$name")
  fi
done
[ ${#failed[@]} -eq 0 ] || die "not started: ${failed[*]}; see the messages above"

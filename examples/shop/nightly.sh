#!/usr/bin/env bash
# The nightly round of a shop, for cron (nightly.cron): clean, validate, import, report, alert, backup, prune.
#
# Exit codes carry: 0 all is well; 3 the data broke a rule or an alert fired (the report and the backup are made all the same,
# but broken data are not imported); anything else is a failure and ends the round. Files appear whole or not at all and
# an import changes nothing the second time, so a round that was stopped can simply be run again.
set -euo pipefail
cd "$(dirname "$0")"
out=${OUT:-out}
input=${INPUT:-../../testdata/shop.csv}
store=${STORE:-sqlite:$out/shop.db}
keep_days=${KEEP_DAYS:-1095}
since=${SINCE:-$(date -u -d "7 days ago" +%F 2>/dev/null || date -u -v-7d +%F)} # alerts of these days; the baseline is learned from all before
mkdir -p "$out"

# check COMMAND…: runs it; 3 is remembered in `code`, any other failure ends the round.
check() {
  code=0
  "$@" || code=$?
  [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"
}

check ecomctl clean "$input" -o "$out/orders.parquet" --rejects "$out/rejects.csv" --format json >"$out/clean.json"
broken=$code # 3: more rows were rejected than max_rejects
check ecomctl validate "$out/orders.parquet" --rules rules.yaml --failures "$out/failures.csv" -o "$out/validate.json"
[ "$code" -eq 0 ] || broken=$code
ecomctl db init --db "$store"
if [ "$broken" -eq 0 ]; then
  # always from the same path: what came from it before is replaced in one step
  ecomctl db import "$out/orders.parquet" --db "$store" --format json >"$out/import.json"
fi
ecomctl report "$out/orders.parquet" --html -o "$out/report.html"
check ecomctl anomaly "$out/orders.parquet" --alerts --fail --budget 1/year --from "$since" -o "$out/alerts.csv"
alert=$code
ecomctl db backup --db "$store" -o "$out/backup.zip" --format json >"$out/backup.json"
# told, not done: add --yes when you have seen what would go
ecomctl db prune --db "$store" --before "$(date -u -d "$keep_days days ago" +%F 2>/dev/null || date -u -v-"$keep_days"d +%F)" --backup "$out/backup.zip" --format json >"$out/prune.json"

echo "done: clean and validate ended with $broken, alert with $alert"
[ "$broken" -eq 0 ] || exit "$broken"
exit "$alert"

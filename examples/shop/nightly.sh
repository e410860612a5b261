#!/usr/bin/env bash
# The nightly round, for cron:  15 3 * * *  cd /srv/shop && ./nightly.sh >> nightly.log 2>&1
#
# Exit codes carry: 0 all is well, 3 the data broke a rule (the report is made all the same), anything else is a
# failure and ends the round. Files appear whole or not at all, so a round that was stopped can simply be run again.
set -euo pipefail
cd "$(dirname "$0")"
out=${OUT:-out}
input=${INPUT:-../../testdata/shop.csv}
mkdir -p "$out"

broken=0
ecomctl validate "$input" --rules rules.yaml --failures "$out/failures.csv" -o "$out/validate.json" || broken=$?
[ "$broken" -eq 0 ] || [ "$broken" -eq 3 ] || exit "$broken"

ecomctl clean "$input" -o "$out/orders.parquet" --rejects "$out/rejects.csv" --format json > "$out/clean.json"
ecomctl report "$out/orders.parquet" --html -o "$out/report.html"
ecomctl rfm "$out/orders.parquet" -o "$out/rfm.parquet"

echo "done, validate ended with $broken"
exit "$broken"

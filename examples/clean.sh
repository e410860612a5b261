#!/usr/bin/env bash
# Trusted order lines to one file, everything else to another, each row accounted for.
set -euo pipefail
cd "$(dirname "$0")"
out=${OUT:-out}
mkdir -p "$out"

# the file has 28 % rejects: without --max-rejects the exit code would be 3
ecomctl clean ../testdata/shop_dirty.csv --dedupe --max-rejects 50% \
  -o "$out/clean.parquet" --rejects "$out/rejects.csv"

# the raw lines that were rejected, with the reason
head -3 "$out/rejects.csv"

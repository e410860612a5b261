#!/usr/bin/env bash
# One page of all that the input allows; it works offline.
set -euo pipefail
cd "$(dirname "$0")"
out=${OUT:-out}
mkdir -p "$out"

ecomctl report ../testdata/shop.csv --html -o "$out/report.html"
ecomctl report ../testdata/shop_zh.csv --lang zh --html="$out/report-zh.html"
ls "$out"

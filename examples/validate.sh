#!/usr/bin/env bash
# Check rules before anybody trusts the numbers.
set -euo pipefail
cd "$(dirname "$0")"
out=${OUT:-out}
mkdir -p "$out"

# the shop's own rules hold for the clean file …
ecomctl validate ../testdata/shop.csv --rules shop/rules.yaml

# … and the built-in ones find the dirt: exit code 3, every failing row in a file, JUnit XML for the CI server
code=0
ecomctl validate ../testdata/shop_dirty.csv --rules builtin:orders \
  --failures "$out/failures.csv" --junit "$out/junit.xml" || code=$?
echo "exit code $code"
[ "$code" -eq 3 ]

# a first rules file, made from data that are known to be good
ecomctl validate ../testdata/shop.csv --suggest > "$out/suggested.yaml"
ecomctl validate ../testdata/shop.csv --rules "$out/suggested.yaml" --columns rule,failed,status --format csv | tail -3

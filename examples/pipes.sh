#!/usr/bin/env bash
# Commands are filters: tables come in on standard input and go out on standard output.
set -euo pipefail
cd "$(dirname "$0")"

# CSV in, CSV out; a reader that stops early is no error
cat ../testdata/shop.csv | ecomctl rfm - | head -3

# JSON for jq and for other programs
ecomctl sales ../testdata/shop.ndjson --by month --format json | head -c 200; echo

# Arrow between our own commands: types are kept, nothing is parsed again
ecomctl generate orders --rows 5000 --regions gb --format arrow | ecomctl sales - --by region --limit 3

#!/usr/bin/env bash
# The usual questions of a shop.
set -euo pipefail
cd "$(dirname "$0")"

ecomctl sales ../testdata/shop.csv --by month --columns date,revenue,orders,aov
ecomctl geo ../testdata/shop.csv --limit 5
ecomctl segments ../testdata/shop.csv
ecomctl rfm ../testdata/shop.csv --sort monetary:desc --limit 5
ecomctl cohort ../testdata/shop.csv --period quarter

# anything else: measures by dimensions
ecomctl query ../testdata/shop.csv --measure 'revenue,p95(unit_price)' --by category --where "channel = 'app'"

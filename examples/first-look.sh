#!/usr/bin/env bash
# What does this file hold? The first rows, then every row, exactly.
set -euo pipefail
cd "$(dirname "$0")"

# columns, types, a sample's figures; on standard error what the file is and how its columns are understood
ecomctl inspect ../testdata/shop_zh_gb18030.csv

# every figure exact, over the whole file
ecomctl profile ../testdata/shop.parquet --columns column,nulls,distinct,min,max,top

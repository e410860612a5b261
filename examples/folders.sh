#!/usr/bin/env bash
# More than one file.
set -euo pipefail
cd "$(dirname "$0")"

# Hive partitions: the names of the folders are columns
ecomctl query ../testdata/hive --measure revenue,orders --by month

# a folder of tables, joined as the preset says; payments are never joined to lines
ecomctl sales ../testdata/olist --preset olist --by category --limit 4

# a Chinese export: encoding and headers are recognised
ecomctl sales ../testdata/shop_zh_gb18030.csv --by region --lang zh --limit 3

#!/usr/bin/env bash
# hdfs.sh [ROWS [ROUNDS]]: what reading from HDFS adds to a report; writes the figures into docs/hdfs.md.
. "$(dirname "$0")/../services/lib.sh"
rows=${1:-10000000} rounds=${2:-5}
export HADOOP_INSTANCE=bench HADOOP_PORT_BASE=${HADOOP_PORT_BASE:-18200}
mkdir -p "$SERVICES_DIR/bench"
file=$SERVICES_DIR/bench/hdfs-$rows.parquet
[ -f "$file" ] || "$ROOT/bin/ecomctl" generate orders --rows "$rows" -o "$file"
bash "$ROOT/scripts/services/hadoop/install.sh"
trap 'bash "$ROOT/scripts/services/hadoop/stop.sh" --clean' EXIT
url=$(bash "$ROOT/scripts/services/hadoop/start.sh")/orders.parquet
"$ROOT/bin/ecomctl" hdfs put "$file" "$url"
go build -o "$SERVICES_DIR/bench/hdfs" "$ROOT/scripts/bench/hdfs"
"$SERVICES_DIR/bench/hdfs" "$ROOT/bin/ecomctl" "$file" "$url" "$rounds" "$ROOT/docs/hdfs.md"

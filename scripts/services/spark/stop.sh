#!/usr/bin/env bash
# Stops the server that start.sh started; with --clean its files go too, with --kill it ends as by a crash.
. "$(dirname "$0")/common.sh"
if [ "${1:-}" = --kill ] && running "$SERVICES_DIR/run/spark$suffix.pid" java; then kill -KILL "$(cat "$SERVICES_DIR/run/spark$suffix.pid")"; fi
stop "spark$suffix" java
if [ "${1:-}" = --clean ]; then rm -rf "$SPARK_DATA"; fi

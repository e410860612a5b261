#!/usr/bin/env bash
# The process that start.sh started.
. "$(dirname "$0")/common.sh"
cat "$SERVICES_DIR/run/flume$suffix.pid"

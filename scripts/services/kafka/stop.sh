#!/usr/bin/env bash
# Stops what start.sh started; with --clean the data go too.
. "$(dirname "$0")/common.sh"
stop "kafka$suffix" java
if [ "${1:-}" = --clean ]; then rm -rf "$KAFKA_DATA" "$KAFKA_CONF"; fi

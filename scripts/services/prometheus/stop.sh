#!/usr/bin/env bash
# Stops the Prometheus that start.sh started; with --clean its data go too.
. "$(dirname "$0")/common.sh"
stop prometheus prometheus 30
if [ "${1:-}" = --clean ]; then rm -rf "$PROMETHEUS"; fi

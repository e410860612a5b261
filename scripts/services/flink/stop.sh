#!/usr/bin/env bash
# Stops what start.sh started; with --clean its state goes too. stop.sh --kill-taskmanager ends the TaskManager as a crash would.
. "$(dirname "$0")/common.sh"
if [ "${1:-}" = --kill-taskmanager ]; then
  pidfile=$SERVICES_DIR/run/taskmanager$suffix.pid
  running "$pidfile" java || die "no TaskManager runs"
  kill -KILL "$(cat "$pidfile")"
  while running "$pidfile" java; do sleep 0.05; done
  exit 0
fi
for process in flink-gateway taskmanager jobmanager; do stop "$process$suffix" java; done
if [ "${1:-}" = --clean ]; then rm -rf "$FLINK_STATE" "$FLINK_CONF"; fi

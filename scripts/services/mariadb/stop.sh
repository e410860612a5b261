#!/usr/bin/env bash
# Stops the MariaDB that start.sh started; with --clean its data go too. stop.sh --kill ends it as a crash would.
. "$(dirname "$0")/common.sh"
if [ "${1:-}" = --kill ]; then
  if running "$SERVICES_DIR/run/mariadb.pid" mariadbd; then kill -KILL "$(cat "$SERVICES_DIR/run/mariadb.pid")"; fi
  while port_open "$MARIADB_PORT"; do sleep 0.05; done # its threads end one after the other
  exit 0
fi
stop mariadb mariadbd 60
if [ "${1:-}" = --clean ]; then rm -rf "$MARIADB"; fi

#!/usr/bin/env bash
# Stops what start.sh, start-ha.sh and start-yarn.sh started; with --clean the data go too. stop.sh namenode stops one of
# them, stop.sh namenode --kill as a crash would.
. "$(dirname "$0")/common.sh"
case ${1:-} in
namenode | nn1 | nn2 | datanode | resourcemanager | nodemanager)
  if [ "${2:-}" = --kill ] && running "$SERVICES_DIR/run/$1$suffix.pid" java; then kill -9 "$(cat "$SERVICES_DIR/run/$1$suffix.pid")"; fi
  stop "$1$suffix" java
  exit 0
  ;;
esac
stop "nodemanager$suffix" java
stop "resourcemanager$suffix" java
stop "datanode$suffix" java
for nn in namenode nn1 nn2; do stop "$nn$suffix" java; done
if [ "${1:-}" = --clean ]; then rm -rf "$HADOOP_DATA" "$HADOOP_CONF_DIR"; fi

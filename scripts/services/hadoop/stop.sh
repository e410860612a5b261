#!/usr/bin/env bash
# Stops what start.sh and start-yarn.sh started; with --clean the data go too. stop.sh namenode stops one of them.
. "$(dirname "$0")/common.sh"
case ${1:-} in
namenode | datanode | resourcemanager | nodemanager) stop "$1$suffix" java; exit 0 ;;
esac
stop "nodemanager$suffix" java
stop "resourcemanager$suffix" java
stop "datanode$suffix" java
stop "namenode$suffix" java
if [ "${1:-}" = --clean ]; then rm -rf "$HADOOP_DATA" "$HADOOP_CONF_DIR"; fi

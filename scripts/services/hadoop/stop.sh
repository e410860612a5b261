#!/usr/bin/env bash
# Stops what start.sh started; with --clean the data go too. stop.sh namenode stops one of the two.
. "$(dirname "$0")/common.sh"
case ${1:-} in
namenode | datanode) stop "$1$suffix" java; exit 0 ;;
esac
stop "datanode$suffix" java
stop "namenode$suffix" java
if [ "${1:-}" = --clean ]; then rm -rf "$HADOOP_DATA" "$HADOOP_CONF_DIR"; fi

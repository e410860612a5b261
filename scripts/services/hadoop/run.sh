#!/usr/bin/env bash
# run.sh dfsadmin|fs|debug ARG...: Hadoop's own commands on the cluster of start.sh, such as
# dfsadmin -safemode enter, dfsadmin -setSpaceQuota 10m /dir, fs -checksum /file.
. "$(dirname "$0")/common.sh"
case ${1:-} in
conf) printf '%s\n' "$HADOOP_CONF_DIR"; exit 0 ;; # the folder for HADOOP_CONF_DIR
dfsadmin) class=org.apache.hadoop.hdfs.tools.DFSAdmin ;;
fs) class=org.apache.hadoop.fs.FsShell ;;
debug) class=org.apache.hadoop.hdfs.tools.DebugAdmin ;;
*) die "run.sh knows dfsadmin, fs, debug and conf" ;;
esac
shift
mapfile -d '' -t command < <(daemon "$class" "$@")
exec "${command[@]}"

#!/usr/bin/env bash
# Starts one HDFS NameNode and one DataNode and prints the URL. Safe to run again.
. "$(dirname "$0")/common.sh"
have curl || apt_install curl || die "the start of HDFS is watched with curl"
if ! running "$SERVICES_DIR/run/namenode$suffix.pid" java && port_open "$NN_PORT"; then
  die "port $NN_PORT is taken by somebody else; set HADOOP_PORT_BASE to another number than $HADOOP_PORT_BASE"
fi
render_conf
if [ ! -f "$HADOOP_DATA/nn/current/VERSION" ]; then
  # a new namespace needs an empty DataNode, for it would refuse the old cluster's name
  rm -rf "$HADOOP_DATA/nn" "$HADOOP_DATA/dn"
  mapfile -d '' -t format < <(daemon org.apache.hadoop.hdfs.server.namenode.NameNode -format -nonInteractive)
  run_logged "$SERVICES_DIR/log/hdfs-format$suffix.log" "${format[@]}" || die "the NameNode could not be formatted"
fi
run_daemon namenode org.apache.hadoop.hdfs.server.namenode.NameNode
run_daemon datanode org.apache.hadoop.hdfs.server.datanode.DataNode
wait_ready "namenode$suffix" java 90 jmx NameNodeStatus
wait_ready "datanode$suffix" java 90 datanode_live
wait_ready "namenode$suffix" java 90 out_of_safe_mode
printf 'hdfs://127.0.0.1:%s\n' "$NN_PORT"

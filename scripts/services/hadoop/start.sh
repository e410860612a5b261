#!/usr/bin/env bash
# Starts one HDFS NameNode and one DataNode and prints the URL. Safe to run again.
. "$(dirname "$0")/common.sh"
have curl || apt_install curl || die "the start of HDFS is watched with curl"
render_conf
if [ ! -f "$HADOOP/data/nn/current/VERSION" ]; then
  # a new namespace needs an empty DataNode, for it would refuse the old cluster's name
  rm -rf "$HADOOP/data/nn" "$HADOOP/data/dn"
  mapfile -d '' -t format < <(daemon org.apache.hadoop.hdfs.server.namenode.NameNode -format -nonInteractive)
  run_logged "$SERVICES_DIR/log/hdfs-format.log" "${format[@]}" || die "the NameNode could not be formatted"
fi
run_daemon namenode org.apache.hadoop.hdfs.server.namenode.NameNode
run_daemon datanode org.apache.hadoop.hdfs.server.datanode.DataNode
wait_ready namenode java 90 jmx NameNodeStatus
wait_ready datanode java 90 datanode_live
wait_ready namenode java 90 out_of_safe_mode
printf 'hdfs://127.0.0.1:%s\n' "$NN_PORT"

#!/usr/bin/env bash
# Starts YARN, one ResourceManager and one NodeManager, on the HDFS of start.sh and prints the
# address of its REST. Safe to run again.
. "$(dirname "$0")/common.sh"
have curl || apt_install curl || die "the start of YARN is watched with curl"
if ! running "$SERVICES_DIR/run/resourcemanager$suffix.pid" java && port_open "$RM_HTTP_PORT"; then
  die "port $RM_HTTP_PORT is taken by somebody else; set HADOOP_PORT_BASE to another number than $HADOOP_PORT_BASE"
fi
render_conf
run_daemon resourcemanager org.apache.hadoop.yarn.server.resourcemanager.ResourceManager
wait_ready "resourcemanager$suffix" java 120 rm_api info
# after it, for then the node registers at once
run_daemon nodemanager org.apache.hadoop.yarn.server.nodemanager.NodeManager
wait_ready "nodemanager$suffix" java 120 node_active
printf 'http://127.0.0.1:%s\n' "$RM_HTTP_PORT"

#!/usr/bin/env bash
# Starts a name service "shop" of two NameNodes, nn1 (active) and nn2 (standby), which share their edits in a folder, and
# one DataNode. Prints the configuration's folder and the URL. failover.sh changes the active one. Safe to run again.
. "$(dirname "$0")/common-ha.sh"
have curl || apt_install curl || die "the start of HDFS is watched with curl"
for nn in nn1 nn2; do
  if ! running "$SERVICES_DIR/run/$nn$suffix.pid" java && port_open "$(rpc_port $nn)"; then
    die "port $(rpc_port $nn) is taken by somebody else; set HADOOP_PORT_BASE to another number than $HADOOP_PORT_BASE"
  fi
done
render_ha
namenode() { daemon org.apache.hadoop.hdfs.server.namenode.NameNode -D dfs.ha.namenode.id="$@"; }
fresh=
if [ ! -f "$HADOOP_DATA/nn1/current/VERSION" ]; then
  fresh=1
  rm -rf "$HADOOP_DATA"/{nn1,nn2,edits,dn}
  mapfile -d '' -t format < <(namenode nn1 -format -nonInteractive)
  run_logged "$SERVICES_DIR/log/hdfs-format$suffix.log" "${format[@]}" || die "the NameNode could not be formatted"
fi
run_daemon nn1 org.apache.hadoop.hdfs.server.namenode.NameNode -D dfs.ha.namenode.id=nn1
run_daemon datanode org.apache.hadoop.hdfs.server.datanode.DataNode
wait_ready "nn1$suffix" java 90 jmx_of nn1 NameNodeStatus
if [ ! -f "$HADOOP_DATA/nn2/current/VERSION" ]; then
  mapfile -d '' -t copy < <(namenode nn2 -bootstrapStandby -nonInteractive)
  run_logged "$SERVICES_DIR/log/hdfs-standby$suffix.log" "${copy[@]}" || die "the second NameNode could not be set up"
fi
run_daemon nn2 org.apache.hadoop.hdfs.server.namenode.NameNode -D dfs.ha.namenode.id=nn2
wait_ready "nn2$suffix" java 90 jmx_of nn2 NameNodeStatus
active nn1 || active nn2 || haadmin -transitionToActive nn1 || die "no NameNode could be made active"
[ -z "$fresh" ] || wait_ready "nn1$suffix" java 90 serving nn1
printf '%s\nhdfs://shop\n' "$HADOOP_CONF_DIR"

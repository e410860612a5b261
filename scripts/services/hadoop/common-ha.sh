# common.sh for a name service of two NameNodes. Source it, do not run it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

rpc_port() { echo $((HADOOP_PORT_BASE + 19 + ${1#nn})); }
http_port() { echo $((HADOOP_PORT_BASE + 69 + ${1#nn})); }

# render_ha: the settings of one NameNode, and those that make a pair of it.
render_ha() {
  render_conf
  local nn pair
  pair=$(property dfs.nameservices shop)$(property dfs.ha.namenodes.shop nn1,nn2)
  pair+=$(property dfs.namenode.shared.edits.dir "file://$HADOOP_DATA/edits")
  pair+=$(property dfs.client.failover.proxy.provider.shop org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider)
  pair+=$(property dfs.ha.fencing.methods 'shell(/bin/true)')$(property dfs.ha.tail-edits.period 1)
  # a NameNode that is dead must not be waited for when the other takes over
  pair+=$(property ha.failover-controller.graceful-fence.rpc-timeout.ms 2000)$(property ha.failover-controller.graceful-fence.connection.retries 0)
  for nn in nn1 nn2; do
    pair+=$(property "dfs.namenode.rpc-address.shop.$nn" "127.0.0.1:$(rpc_port $nn)")$(property "dfs.namenode.http-address.shop.$nn" "127.0.0.1:$(http_port $nn)")
    pair+=$(property "dfs.namenode.name.dir.shop.$nn" "file://$HADOOP_DATA/$nn")
  done
  mkdir -p "$HADOOP_DATA/edits"
  sed -i -e '/dfs.namenode.\(name.dir\|rpc-address\|http-address\)</d' -e "s|</configuration>|$pair\n</configuration>|" "$HADOOP_CONF_DIR/hdfs-site.xml"
  sed -i "s|hdfs://127.0.0.1:$NN_PORT|hdfs://shop|" "$HADOOP_CONF_DIR/core-site.xml"
}

# haadmin ARG...: the administration of the pair.
haadmin() {
  local command
  mapfile -d '' -t command < <(daemon org.apache.hadoop.hdfs.tools.DFSHAAdmin -ns shop "$@")
  run_logged "$SERVICES_DIR/log/haadmin$suffix.log" "${command[@]}"
}

jmx_of() { curl -fsS --max-time 5 "http://127.0.0.1:$(http_port "$1")/jmx?qry=Hadoop:service=NameNode,name=$2"; }
active() { jmx_of "$1" NameNodeStatus 2>/dev/null | grep -q '"State" : "active"'; }
serving() { active "$1" && jmx_of "$1" FSNamesystemState | grep -q '"NumLiveDataNodes" : 1' && jmx_of "$1" FSNamesystemState | grep -q '"FSState" : "Operational"'; }

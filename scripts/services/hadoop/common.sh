# What the scripts of this folder share. Source it, do not run it.
#
#   HADOOP_PORT_BASE  every port is this and a fixed offset (default 18000)
#   HADOOP_INSTANCE   a word for a cluster of its own beside others: its data, settings, logs and processes
#   HADOOP_KRB5       the folder that krb5/start.sh prints: the cluster asks for its Kerberos tickets
#   HADOOP_QOP        with it: what protects the data, authentication (default), integrity or privacy
#   NM_MB, NM_VCORES  what YARN's node offers (default 4096 and 4)
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$ROOT/scripts/services/hadoop
HADOOP=$SERVICES_DIR/hadoop
suffix=${HADOOP_INSTANCE:+-$HADOOP_INSTANCE}
HADOOP_CONF_DIR=$HADOOP/conf$suffix
HADOOP_DATA=$HADOOP/data$suffix
: "${HADOOP_PORT_BASE:=18000}"
NN_PORT=$((HADOOP_PORT_BASE + 20)) NN_HTTP_PORT=$((HADOOP_PORT_BASE + 70))
DN_PORT=$((HADOOP_PORT_BASE + 66)) DN_IPC_PORT=$((HADOOP_PORT_BASE + 67)) DN_HTTP_PORT=$((HADOOP_PORT_BASE + 64))
RM_PORT=$((HADOOP_PORT_BASE + 32)) RM_HTTP_PORT=$((HADOOP_PORT_BASE + 88))
: "${NM_MB:=4096}" "${NM_VCORES:=4}"

# property NAME VALUE: a setting, on one line.
property() { printf '<property><name>%s</name><value>%s</value></property>' "$1" "$2"; }

# secure: the settings that Kerberos needs, on one line.
secure() {
  [ -n "${HADOOP_KRB5:-}" ] || return 0
  property hadoop.security.authorization true
  property dfs.namenode.kerberos.principal nn/localhost@ECOMCTL.TEST
  property dfs.namenode.keytab.file "$HADOOP_KRB5/nn.keytab"
  property dfs.datanode.kerberos.principal dn/localhost@ECOMCTL.TEST
  property dfs.datanode.keytab.file "$HADOOP_KRB5/dn.keytab"
  property dfs.block.access.token.enable true
  property dfs.data.transfer.protection "${HADOOP_QOP:-authentication}"
  property ignore.secure.ports.for.testing true # no root, no TLS
}

# conf/*.in → $HADOOP_CONF_DIR, anew at each start.
render_conf() {
  # the jars hold no web pages: empty folders let the daemons' web servers start, for JMX
  mkdir -p "$HADOOP_CONF_DIR" "$HADOOP_DATA" "$HADOOP/web/webapps/"{hdfs,datanode,static}
  local in out
  for in in "$here"/conf/*.in; do
    out=$HADOOP_CONF_DIR/$(basename "${in%.in}")
    sed -e "s|@AUTH@|$([ -n "${HADOOP_KRB5:-}" ] && echo kerberos || echo simple)|g" -e "s|@SECURE@|$(secure)|g" \
      -e "s|@DATA@|$HADOOP_DATA|g" -e "s|@USER@|$(id -un)|g" -e "s|@NN_PORT@|$NN_PORT|g" -e "s|@NN_HTTP_PORT@|$NN_HTTP_PORT|g" \
      -e "s|@DN_PORT@|$DN_PORT|g" -e "s|@DN_IPC_PORT@|$DN_IPC_PORT|g" -e "s|@DN_HTTP_PORT@|$DN_HTTP_PORT|g" \
      -e "s|@RM_PORT@|$RM_PORT|g" -e "s|@RM_SCHED_PORT@|$((HADOOP_PORT_BASE + 30))|g" -e "s|@RM_TRACKER_PORT@|$((HADOOP_PORT_BASE + 31))|g" \
      -e "s|@RM_ADMIN_PORT@|$((HADOOP_PORT_BASE + 33))|g" -e "s|@RM_HTTP_PORT@|$RM_HTTP_PORT|g" -e "s|@NM_PORT@|$((HADOOP_PORT_BASE + 41))|g" \
      -e "s|@NM_LOCALIZER_PORT@|$((HADOOP_PORT_BASE + 40))|g" -e "s|@NM_HTTP_PORT@|$((HADOOP_PORT_BASE + 42))|g" \
      -e "s|@NM_COLLECTOR_PORT@|$((HADOOP_PORT_BASE + 48))|g" -e "s|@NM_AMRMPROXY_PORT@|$((HADOOP_PORT_BASE + 49))|g" \
      -e "s|@NM_MB@|$NM_MB|g" -e "s|@NM_VCORES@|$NM_VCORES|g" "$in" >"$out.new"
    mv "$out.new" "$out"
  done
}

# daemon CLASS [ARG...]: the command line of a daemon.
daemon() {
  local opens=() # what the ResourceManager's web service reaches into
  case $1 in *.yarn.*) opens=(--add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/java.net=ALL-UNNAMED --add-opens=java.base/java.util.concurrent=ALL-UNNAMED) ;; esac
  printf '%s\0' "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx256m --add-opens=java.base/java.lang=ALL-UNNAMED \
    --add-opens=java.base/java.util=ALL-UNNAMED "${opens[@]}" -Djava.net.preferIPv4Stack=true ${HADOOP_KRB5:+-Djava.security.krb5.conf="$HADOOP_KRB5/krb5.conf"} \
    -Dhadoop.log.dir="$SERVICES_DIR/log" \
    -cp "$HADOOP_CONF_DIR:$HADOOP/web:$HADOOP/lib/*" "$@"
}

# run_daemon NAME CLASS: start it unless it runs.
run_daemon() {
  local name=$1 command
  shift
  mapfile -d '' -t command < <(daemon "$@")
  start "$name$suffix" java "${command[@]}"
}

jmx() { curl -fsS --max-time 5 "http://127.0.0.1:$NN_HTTP_PORT/jmx?qry=Hadoop:service=NameNode,name=$1"; }
datanode_live() { jmx FSNamesystemState | grep -q '"NumLiveDataNodes" : 1'; }
rm_api() { curl -fsS --max-time 5 -H 'Accept: application/json' "http://127.0.0.1:$RM_HTTP_PORT/ws/v1/cluster/$1"; }
node_active() { rm_api metrics | grep -q '"activeNodes":1[,}]'; }
out_of_safe_mode() { jmx FSNamesystemState | grep -q '"FSState" : "Operational"'; }

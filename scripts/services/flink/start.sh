#!/usr/bin/env bash
# Starts one JobManager, one TaskManager and the SQL Gateway and prints the addresses of the JobManager's REST and
# of the gateway. What runs already stays, so that a TaskManager that was killed comes back. Safe to run again.
. "$(dirname "$0")/common.sh"
have curl || apt_install curl || die "the start of Flink is watched with curl"
for process in jobmanager:$FLINK_PORT_BASE jobmanager:$FLINK_RPC_PORT flink-gateway:$FLINK_GATEWAY_PORT; do
  if ! running "$SERVICES_DIR/run/${process%:*}$suffix.pid" java && port_open "${process#*:}"; then
    die "port ${process#*:} is taken by somebody else; set FLINK_PORT_BASE to another number than $FLINK_PORT_BASE"
  fi
done
mkdir -p "$FLINK_CONF" "$FLINK/plugins" "$FLINK_STATE/"{tmp,checkpoints,savepoints}
sed -e "s|@REST_PORT@|$FLINK_PORT_BASE|g" -e "s|@RPC_PORT@|$FLINK_RPC_PORT|g" -e "s|@GATEWAY_PORT@|$FLINK_GATEWAY_PORT|g" \
  -e "s|@SLOTS@|$FLINK_SLOTS|g" -e "s|@STATE@|$FLINK_STATE|g" "$here/config.yaml.in" >"$FLINK_CONF/config.yaml"

# Java 17 closes packages that Flink's serializers and the clients of Kafka open.
opens=()
for p in lang net io nio lang.reflect text time util util.concurrent util.concurrent.atomic util.concurrent.locks; do
  opens+=("--add-opens=java.base/java.$p=ALL-UNNAMED")
done
opens+=(--add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-exports=java.base/sun.net.util=ALL-UNNAMED)
export FLINK_CONF_DIR=$FLINK_CONF FLINK_LIB_DIR=$FLINK/dist FLINK_PLUGINS_DIR=$FLINK/plugins

# jvm NAME CLASS MEMORY… -- ARG…: a daemon unless it runs.
jvm() {
  local name=$1 class=$2 memory=()
  shift 2
  while [ "$1" != -- ]; do memory+=("$1"); shift; done
  shift
  start "$name$suffix" java "${JAVA_HOME:+$JAVA_HOME/bin/}java" "${memory[@]}" "${opens[@]}" -Djava.awt.headless=true -Djava.net.preferIPv4Stack=true \
    -Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$FLINK/dist/*:$FLINK/lib/*" "$class" "$@"
}
overview() { curl -fsS --max-time 5 "http://127.0.0.1:$FLINK_PORT_BASE/overview"; }
gateway() { curl -fsS --max-time 5 "http://127.0.0.1:$FLINK_GATEWAY_PORT/v1/info"; }
# not the number of slots: a TaskManager that was killed still counts for a while
registered() { grep -q 'Successful registration at resource manager' "$SERVICES_DIR/log/taskmanager$suffix.log"; }

jvm jobmanager org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint -Xmx384m -XX:MaxMetaspaceSize=256m -XX:+UseSerialGC \
  -- --configDir "$FLINK_CONF" --executionMode cluster
jvm taskmanager org.apache.flink.runtime.taskexecutor.TaskManagerRunner -Xmx512m -XX:MaxDirectMemorySize=192m -XX:MaxMetaspaceSize=256m -XX:+UseSerialGC \
  -- --configDir "$FLINK_CONF"
jvm flink-gateway org.apache.flink.table.gateway.SqlGateway -Xmx384m -XX:MaxMetaspaceSize=256m -XX:+UseSerialGC --
wait_ready "jobmanager$suffix" java 120 overview
wait_ready "taskmanager$suffix" java 120 registered
wait_ready "flink-gateway$suffix" java 120 gateway
printf 'http://127.0.0.1:%s\nhttp://127.0.0.1:%s\n' "$FLINK_PORT_BASE" "$FLINK_GATEWAY_PORT"

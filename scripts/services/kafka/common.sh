# What the scripts of this folder share. Source it, do not run it.
#
#   KAFKA_PORT_BASE  clients connect to this port, the controller to the next (default 19092)
#   KAFKA_INSTANCE   a word for a broker of its own beside others: its data, settings, log and process
#   KAFKA_PROPERTIES a file of further settings of the broker, which come last and so hold
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$ROOT/scripts/services/kafka
KAFKA=$SERVICES_DIR/kafka
suffix=${KAFKA_INSTANCE:+-$KAFKA_INSTANCE}
KAFKA_CONF=$KAFKA/server$suffix.properties
KAFKA_DATA=$KAFKA/data$suffix
: "${KAFKA_PORT_BASE:=19092}"
KAFKA_CONTROLLER_PORT=$((KAFKA_PORT_BASE + 1))

# server.properties.in → $KAFKA_CONF, anew at each start.
render_conf() {
  mkdir -p "$KAFKA"
  sed -e "s|@DATA@|$KAFKA_DATA|g" -e "s|@PORT@|$KAFKA_PORT_BASE|g" -e "s|@CONTROLLER_PORT@|$KAFKA_CONTROLLER_PORT|g" \
    "$here/server.properties.in" >"$KAFKA_CONF.new"
  if [ -n "${KAFKA_PROPERTIES:-}" ]; then cat "$KAFKA_PROPERTIES" >>"$KAFKA_CONF.new"; fi
  mv "$KAFKA_CONF.new" "$KAFKA_CONF"
}

# kafka CLASS [ARG...]: the command line of a class of Kafka.
kafka() {
  printf '%s\0' "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx400m -XX:+UseSerialGC -Djava.awt.headless=true -Djava.net.preferIPv4Stack=true \
    -Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$KAFKA/lib/*" "$@"
}

started() { grep -q 'Kafka Server started' "$SERVICES_DIR/log/kafka$suffix.log" && port_open "$KAFKA_PORT_BASE"; }

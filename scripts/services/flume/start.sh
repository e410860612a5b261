#!/usr/bin/env bash
# Starts a Flume agent with the configuration FLUME_CONF (`ecomctl collect flume … --print-config`). Safe to run again.
. "$(dirname "$0")/common.sh"
[ -f "${FLUME_CONF:-}" ] || die "FLUME_CONF names no file; write one: ecomctl collect flume PATH -o OUTPUT --state DIR --print-config >agent.conf"
if ! running "$SERVICES_DIR/run/flume$suffix.pid" java && port_open "$FLUME_PORT"; then
  die "port $FLUME_PORT is taken by somebody else; set FLUME_PORT to another number"
fi
running "$SERVICES_DIR/run/flume$suffix.pid" java || rm -f "$SERVICES_DIR/log/flume$suffix.log"
# what java.net of a client of HDFS reaches into
opens=(--add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED)
start "flume$suffix" java "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx"$FLUME_HEAP" -XX:+UseSerialGC "${opens[@]}" -Djava.awt.headless=true -Djava.net.preferIPv4Stack=true \
  -Dlog4j2.configurationFile="$here/log4j2.properties" -Dflume.monitoring.type=http -Dflume.monitoring.port="$FLUME_PORT" \
  -cp "$FLUME/lib/*" org.apache.flume.node.Application --conf-file "$FLUME_CONF" --name "$FLUME_AGENT" --no-reload-conf
wait_ready "flume$suffix" java 120 started
printf 'http://127.0.0.1:%s/metrics\n' "$FLUME_PORT"

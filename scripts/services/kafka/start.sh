#!/usr/bin/env bash
# Starts one Kafka broker that is its own controller (KRaft) and prints its address. Safe to run again.
. "$(dirname "$0")/common.sh"
if ! running "$SERVICES_DIR/run/kafka$suffix.pid" java && { port_open "$KAFKA_PORT_BASE" || port_open "$KAFKA_CONTROLLER_PORT"; }; then
  die "port $KAFKA_PORT_BASE or $KAFKA_CONTROLLER_PORT is taken by somebody else; set KAFKA_PORT_BASE to another number"
fi
render_conf
if [ ! -f "$KAFKA_DATA/meta.properties" ]; then
  rm -rf "$KAFKA_DATA"
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
  mapfile -d '' -t format < <(kafka kafka.tools.StorageTool format -t "$id" -c "$KAFKA_CONF")
  run_logged "$SERVICES_DIR/log/kafka-format$suffix.log" "${format[@]}" || die "Kafka's storage could not be formatted"
fi
mapfile -d '' -t command < <(kafka kafka.Kafka "$KAFKA_CONF")
start "kafka$suffix" java "${command[@]}"
wait_ready "kafka$suffix" java 120 started
printf 'kafka://127.0.0.1:%s\n' "$KAFKA_PORT_BASE"

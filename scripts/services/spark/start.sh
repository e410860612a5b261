#!/usr/bin/env bash
# Starts a Spark Connect server and prints its address. Safe to run again.
. "$(dirname "$0")/common.sh"
spark_home
if ! running "$SERVICES_DIR/run/spark$suffix.pid" java && port_open "$SPARK_PORT"; then
  die "port $SPARK_PORT is taken by somebody else; set SPARK_PORT to another number"
fi
spark_conf
# spark-submit ends by exec'ing java, so the pid is the server's own; spark-internal: the class is in Spark's own jars
# a pid file of another process is stale; until exec the server bears the name of a shell, hence no name below
running "$SERVICES_DIR/run/spark$suffix.pid" java || rm -f "$SERVICES_DIR/run/spark$suffix.pid"
start "spark$suffix" "" "$SPARK_HOME/bin/spark-submit" --master "$SPARK_MASTER" --deploy-mode client \
  --class org.apache.spark.sql.connect.service.SparkConnectServer --name "connect$suffix" "${CONF[@]}" \
  --conf spark.connect.grpc.binding.address=127.0.0.1 --conf "spark.connect.grpc.binding.port=$SPARK_PORT" spark-internal
wait_ready "spark$suffix" "" 420 port_open "$SPARK_PORT"
printf 'sc://127.0.0.1:%s\n' "$SPARK_PORT"

# What the scripts of this folder share. Source it, do not run it.
#
#   SPARK_PORT      clients connect to this port (default 15002)
#   SPARK_INSTANCE  a word for a server of its own beside others: its files, log and process
#   SPARK_MASTER    where the server works: local[2] (default), or yarn with HADOOP_CONF_DIR
#   SPARK_MEMORY    memory of the server, and of each executor on YARN (default 1g)
#   SPARK_CONF      further settings, name=value, separated by blanks
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$ROOT/scripts/services/spark
SPARK=$SERVICES_DIR/spark
suffix=${SPARK_INSTANCE:+-$SPARK_INSTANCE}
SPARK_DATA=$SPARK/data$suffix
: "${SPARK_PORT:=15002}" "${SPARK_MASTER:=local[2]}" "${SPARK_MEMORY:=1g}" "${SPARK_CONF:=}"

# spark_home: sets SPARK_HOME and what Spark's own scripts read.
spark_home() {
  [ -f "$SPARK/venv/.installed" ] || die "Spark is not installed: scripts/services/spark/install.sh"
  SPARK_HOME=$(echo "$SPARK"/venv/lib/python*/site-packages/pyspark)
  export SPARK_HOME PYSPARK_PYTHON=$SPARK/venv/bin/python PYSPARK_DRIVER_PYTHON=$SPARK/venv/bin/python
  export SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1} SPARK_LOCAL_HOSTNAME=${SPARK_LOCAL_HOSTNAME:-localhost}
  if [ -n "${HADOOP_CONF_DIR:-}" ]; then export HADOOP_CONF_DIR YARN_CONF_DIR=$HADOOP_CONF_DIR; fi
}

# spark_conf: the settings that everything of a small machine shares, one an argument, in CONF.
spark_conf() {
  mkdir -p "$SPARK_DATA/tmp"
  local pair
  CONF=(
    --conf "spark.yarn.jars=local:$SPARK_HOME/jars/*" # the node has them: nothing of the 400 MB is uploaded
    --conf "spark.pyspark.python=$PYSPARK_PYTHON"
    --conf spark.ui.enabled=false
    --conf "spark.driver.memory=$SPARK_MEMORY"
    --conf "spark.executor.memory=$SPARK_MEMORY"
    --conf spark.executor.instances=1
    --conf spark.executor.cores=1
    --conf spark.sql.shuffle.partitions=2
    --conf spark.driver.host=127.0.0.1
    --conf spark.driver.bindAddress=127.0.0.1
    # containers do not inherit these: without them they take the machine's outer address, where nothing listens
    --conf spark.yarn.appMasterEnv.SPARK_LOCAL_IP=127.0.0.1
    --conf spark.yarn.appMasterEnv.SPARK_LOCAL_HOSTNAME=localhost
    --conf spark.executorEnv.SPARK_LOCAL_IP=127.0.0.1
    --conf spark.executorEnv.SPARK_LOCAL_HOSTNAME=localhost
    --conf "spark.sql.warehouse.dir=file://$SPARK_DATA/warehouse"
    --conf spark.sql.catalogImplementation=in-memory
    --conf "spark.local.dir=$SPARK_DATA/tmp"
    --conf "spark.driver.extraJavaOptions=-Dderby.system.home=$SPARK_DATA/tmp"
  )
  for pair in $SPARK_CONF; do CONF+=(--conf "$pair"); done
}

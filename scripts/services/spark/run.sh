#!/usr/bin/env bash
# run.sh submit|sql|home ARG...: Spark's own spark-submit and spark-sql with the settings of start.sh; home prints SPARK_HOME.
. "$(dirname "$0")/common.sh"
spark_home
case ${1:-} in
home) printf '%s\n' "$SPARK_HOME"; exit 0 ;;
submit | sql) command=spark-$1 ;;
*) die "run.sh knows submit, sql and home" ;;
esac
shift
spark_conf
exec "$SPARK_HOME/bin/$command" --master "$SPARK_MASTER" "${CONF[@]}" "$@"

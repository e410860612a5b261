#!/usr/bin/env bash
# run.sh DAGS DAG DATE: runs a DAG of a folder once, as `airflow dags test` does; ends with 0 only when it succeeded.
. "$(dirname "$0")/../lib.sh"
[ $# -eq 3 ] || die "usage: run.sh DAGS DAG DATE"
venv=$SERVICES_DIR/venv-airflow
[ -x "$venv/bin/airflow" ] || die "Airflow is not installed: scripts/services/airflow/install.sh"
export AIRFLOW_HOME=${AIRFLOW_HOME:-$SERVICES_DIR/airflow} AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__DAGS_FOLDER
AIRFLOW__CORE__DAGS_FOLDER=$(cd "$1" && pwd)
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False SCARF_ANALYTICS=false PATH=$venv/bin:$PATH
mkdir -p "$AIRFLOW_HOME"
stamped "$AIRFLOW_HOME/.migrated" yes || {
  run_logged "$SERVICES_DIR/log/airflow-migrate.log" airflow db migrate || die "Airflow's database could not be made"
  printf yes >"$AIRFLOW_HOME/.migrated"
}
errors=$(airflow dags list-import-errors -o plain 2>/dev/null || true)
case $errors in '' | *'No data found'*) ;; *) die "the DAG cannot be imported: $errors" ;; esac
exec airflow dags test "$2" "$3"

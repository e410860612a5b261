#!/usr/bin/env bash
# Installs Airflow into .services/venv-airflow, with the metadata of `airflow dags test` in SQLite.
. "$(dirname "$0")/../lib.sh"
python_env venv-airflow "$(dirname "$0")/requirements.txt"

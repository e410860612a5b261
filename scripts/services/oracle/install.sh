#!/usr/bin/env bash
# The Python environment of the SQL oracles: .services/venv-oracle.
. "$(dirname "$0")/../lib.sh"
python_env venv-oracle "$ROOT/scripts/services/oracle/requirements.txt"

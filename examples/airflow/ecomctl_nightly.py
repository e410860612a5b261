"""A shop's nightly round as a DAG: one task a command, so that Airflow shows which step broke, repeats it and mails.

    clean ─┬─ validate ─── import ─┬─ alert
           └─ report               └─ backup ─── prune

Exit codes carry: a command that ends with 3 (the data broke a rule, an alert fired) fails its task as any error does;
what must not run on broken data stands behind it. Commands write files whole or not at all and imports change nothing
the second time, so every task can be repeated. Settings come from variables of the environment of the workers:

    ECOMCTL_BIN    the program (ecomctl)          ECOMCTL_SHOP   the folder with ecomctl.yaml and rules.yaml
    ECOMCTL_ORDERS the shop's export, in SHOP     ECOMCTL_STORE  the database: mysql://…, sqlite:shop.db

Try it: airflow dags test ecomctl_nightly 2026-01-02
"""

import os
import shlex
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

BIN = shlex.quote(os.environ.get("ECOMCTL_BIN", "ecomctl"))
SHOP = os.environ.get("ECOMCTL_SHOP", "/srv/shop")
ORDERS = shlex.quote(os.environ.get("ECOMCTL_ORDERS", "orders.csv"))
STORE = shlex.quote(os.environ.get("ECOMCTL_STORE", "sqlite:shop.db"))
OUT = "out/{{ ds }}"  # one folder a day
CLEAN = "out/orders.parquet"  # always the same path: an import replaces what came from it before

with DAG(
    dag_id="ecomctl_nightly",
    description="clean, validate, import, report, alert, backup, prune",
    schedule="15 3 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": int(os.environ.get("ECOMCTL_RETRIES", "2")), "retry_delay": timedelta(minutes=5), "execution_timeout": timedelta(hours=2)},
) as dag:

    def task(name, command, **options):
        return BashOperator(task_id=name, cwd=SHOP, bash_command=f"set -euo pipefail; mkdir -p {OUT}; {command}", **options)

    clean = task("clean", f"{BIN} clean {ORDERS} -o {CLEAN} --rejects {OUT}/rejects.csv --format json")
    validate = task("validate", f"{BIN} validate {CLEAN} --rules rules.yaml --failures {OUT}/failures.csv --format json")
    report = task("report", f"{BIN} report {CLEAN} -o {OUT}/report.html")
    load = task("import", f"{BIN} db init --db {STORE} && {BIN} db import {CLEAN} --db {STORE}")
    alert = task("alert", f"{BIN} anomaly {CLEAN} --alerts --fail --budget 2/year --from {{{{ macros.ds_add(ds, -7) }}}} -o {OUT}/alerts.csv", retries=0)
    backup = task("backup", f"{BIN} db backup --db {STORE} -o {OUT}/backup.zip")
    prune = task("prune", f"{BIN} db prune --db {STORE} --before {{{{ macros.ds_add(ds, -1095) }}}}")

    clean >> [validate, report]
    validate >> load >> [alert, backup]
    backup >> prune

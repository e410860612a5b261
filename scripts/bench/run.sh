#!/usr/bin/env bash
# usage: run.sh SIZE [JOB ...] [options of bench.py]      SIZE: 1m 10m 50m
#        run.sh models [JOB ...] [options of models.py]
# Makes the peers' environment and the input files under .services/bench (or BENCH_DATA), then runs
# bench.py. BENCH_PYTHON points to an environment that already has requirements.txt installed.
. "$(dirname "${BASH_SOURCE[0]}")/../services/lib.sh"
here=$ROOT/scripts/bench
size=${1:?usage: run.sh SIZE [JOB ...]}
shift
case $size in models) rows=10000000 ;; 1m) rows=1000000 ;; 10m) rows=10000000 ;; 50m) rows=50000000 ;; *) die "SIZE is 1m, 10m, 50m or models" ;; esac

env=venv-bench needs=$here/requirements.txt
[ "$size" != models ] || { env=venv-models needs=$here/requirements-models.txt; }
if [ -z "${BENCH_PYTHON:-}" ]; then
  python_env "$env" "$needs" || die "the peers could not be installed"
  BENCH_PYTHON=$SERVICES_DIR/$env/bin/python
fi
data=${BENCH_DATA:-$SERVICES_DIR/bench/data}
mkdir -p "$data"
make_file() { # FILE COMMAND...: once
  [ -f "$data/$1" ] || { say "making $1"; "$BENCH_PYTHON" "$here/data.py" "${@:2}" || die "$1 could not be made"; }
}
if [ "$size" = models ]; then
  make_file orders_10m.parquet generate "$data/orders_10m.parquet" --rows $rows
  [ -x "$ROOT/bin/ecomctl" ] || die "bin/ecomctl is missing: run make build"
  (cd "$ROOT" && go build -o "$SERVICES_DIR/bench/kernel" ./scripts/bench/kernel) || die "scripts/bench/kernel does not build"
  exec env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$BENCH_PYTHON" "$here/models.py" --data "$data" --work "$SERVICES_DIR/bench/out" \
    --ecomctl "$ROOT/bin/ecomctl" --kernel "$SERVICES_DIR/bench/kernel" "$@"
fi
main=$data/orders_$size.parquet
make_file "orders_$size.parquet" generate "$main" --rows $rows
if [ "$size" != 50m ]; then
  make_file "orders_$size.csv" generate "$data/orders_$size.csv" --rows $rows
  make_file "orders_${size}_shuffled.parquet" shuffle "$main" "$data/orders_${size}_shuffled.parquet"
  make_file "orders_${size}_uuid.parquet" strings "$main" "$data/orders_${size}_uuid.parquet"
fi
ours=()
[ ! -x "$ROOT/bin/ecomctl" ] || ours=(--ecomctl "$ROOT/bin/ecomctl")
# these two slow numpy down on some machines and are no setting of the user's
exec env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$BENCH_PYTHON" "$here/bench.py" "$size" \
  --data "$data" --work "$SERVICES_DIR/bench/out" "${ours[@]}" "$@"

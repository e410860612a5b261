#!/usr/bin/env bash
# Put the browser library that report pages embed into internal/report/assets/dist/.
# It comes from its npm package: version and integrity pinned by package-lock.json, the
# file itself by SHA256SUMS. Nothing is committed. Without npm (or without a network) this
# says so and succeeds: ecomctl builds without the library, and its pages then link it.
# ECOMCTL_REQUIRE_ASSETS=1 (set by CI and releases) makes that a failure.
. "$(dirname "$0")/../services/lib.sh"

here=$ROOT/scripts/assets
dest=$ROOT/internal/report/assets/dist
work=$SERVICES_DIR/assets

sum=$(cut -d' ' -f1 "$here/SHA256SUMS")
current() { [ -f "$dest/echarts.min.js.gz" ] && [ "$(gzip -dc "$dest/echarts.min.js.gz" | sha256sum | cut -d' ' -f1)" = "$sum" ]; }
without() {
  [ "${ECOMCTL_REQUIRE_ASSETS:-0}" != 1 ] || die "$1"
  say "assets: $1; building without it, report pages will need a network for their charts"
  exit 0
}

# axe-core is no part of a page: the browser tests check the page's accessibility with it
if current && [ -f "$dest/echarts.min.js.sha256" ] && [ -f "$work/node_modules/axe-core/axe.min.js" ]; then exit 0; fi
have npm || without "npm is not installed, so echarts cannot be fetched"
mkdir -p "$work" "$dest"
cp "$here/package.json" "$here/package-lock.json" "$work/"
run_logged "$SERVICES_DIR/log/assets.log" npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel=error ||
  without "npm could not install echarts (see above)"
# packed here once: pages embed the packed form, and packing 1.1 MB would cost each report a tenth of a second
rm -f "$dest"/echarts.*
gzip -9nc "$work/node_modules/echarts/dist/echarts.min.js" >"$dest/echarts.min.js.gz.part"
mv "$dest/echarts.min.js.gz.part" "$dest/echarts.min.js.gz"
current || { rm -f "$dest/echarts.min.js.gz"; die "echarts.min.js is not the file of scripts/assets/SHA256SUMS"; }
echo "$sum" >"$dest/echarts.min.js.sha256"
say "assets: $(wc -c <"$dest/echarts.min.js.gz") packed bytes of echarts $(sed -n 's/.*"echarts": "\(.*\)".*/\1/p' "$here/package.json") in internal/report/assets/dist"

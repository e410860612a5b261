#!/usr/bin/env bash
# Flink's own jars from PyPI, which has neither the SQL Gateway nor connectors; those by Maven.
. "$(dirname "$0")/common.sh"
maven_jars flink "$here/pom.xml" || die "Maven could not bring Flink's SQL Gateway and connectors"
if stamped "$FLINK/dist/.installed" "$FLINK_VERSION"; then exit 0; fi
have python3 || die "Flink comes from PyPI: python3 is not installed"
python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || die "Flink comes from PyPI: pip is not installed"
(
  flock 9
  if stamped "$FLINK/dist/.installed" "$FLINK_VERSION"; then exit 0; fi
  say "installing Flink $FLINK_VERSION into $FLINK/dist"
  rm -rf "$FLINK/dist" "$FLINK/dist.part" "$FLINK/download"
  mkdir -p "$FLINK/dist.part"
  run_logged "$SERVICES_DIR/log/flink-install.log" python3 -m pip download -q --disable-pip-version-check --no-deps \
    -d "$FLINK/download" "apache-flink-libraries==$FLINK_VERSION" || die "pip could not download apache-flink-libraries $FLINK_VERSION"
  python3 "$here/unpack.py" "$FLINK/download" "$FLINK/dist.part" || die "apache-flink-libraries $FLINK_VERSION could not be unpacked"
  rm -rf "$FLINK/download"
  printf '%s' "$FLINK_VERSION" >"$FLINK/dist.part/.installed"
  mv "$FLINK/dist.part" "$FLINK/dist"
) 9>"$FLINK/.lock"

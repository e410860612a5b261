#!/usr/bin/env bash
# Starts a private MariaDB: own data, port and socket, no file of the system's read, any user.
# Prints the URL of its database `shop`. Safe to run again.
. "$(dirname "$0")/common.sh"
have mariadbd && have mariadb && have mariadb-install-db || die "mariadbd is not installed: run $(dirname "$0")/install.sh"
mkdir -p "$MARIADB/tmp"
# mariadbd takes root only when it is told so; everybody else must not name a user
as=()
[ "$(id -u)" != 0 ] || as=(--user=root)
if [ ! -f "$MARIADB/data/.made" ]; then
  rm -rf "$MARIADB/data"
  mkdir -p "$MARIADB/data"
  run_logged "$SERVICES_DIR/log/mariadb-install.log" mariadb-install-db --no-defaults --datadir="$MARIADB/data" \
    --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" --skip-test-db "${as[@]}" || die "the data folder could not be made"
  touch "$MARIADB/data/.made"
fi
if ! running "$SERVICES_DIR/run/mariadb.pid" mariadbd; then
  if port_open "$MARIADB_PORT"; then die "port $MARIADB_PORT is taken: set MARIADB_PORT"; fi
  rm -f "$MARIADB_SOCKET"
fi
# --no-defaults must come first: it keeps /etc/mysql out
# shellcheck disable=SC2086 # MARIADB_OPTIONS is a list of words
start mariadb mariadbd mariadbd --no-defaults "${as[@]}" --datadir="$MARIADB/data" --tmpdir="$MARIADB/tmp" \
  --socket="$MARIADB_SOCKET" --bind-address=127.0.0.1 --port="$MARIADB_PORT" --skip-name-resolve \
  --character-set-server=utf8mb4 --collation-server=utf8mb4_bin --local-infile=1 --max-allowed-packet=64M \
  --innodb-buffer-pool-size="${MARIADB_BUFFER_POOL:-256M}" --innodb-log-file-size=128M \
  --innodb-flush-log-at-trx-commit=2 $MARIADB_OPTIONS
wait_ready mariadb mariadbd 90 admin -e 'SELECT 1'
admin -e "
  CREATE DATABASE IF NOT EXISTS shop;
  CREATE USER IF NOT EXISTS 'shop'@'localhost' IDENTIFIED BY 'shop';
  CREATE USER IF NOT EXISTS 'shop'@'127.0.0.1' IDENTIFIED BY 'shop';
  GRANT ALL ON \`shop%\`.* TO 'shop'@'localhost';
  GRANT ALL ON \`shop%\`.* TO 'shop'@'127.0.0.1';"
printf 'mysql://shop:shop@127.0.0.1:%s/shop\n' "$MARIADB_PORT"

#!/bin/bash
set -euo pipefail
data=/var/lib/mysql
chown mysql:mysql "$data"
[ -d "$data/mysql" ] || mariadb-install-db --no-defaults --user=mysql --datadir="$data" --skip-test-db >/dev/null
cat >/tmp/init.sql <<SQL
CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS '$MARIADB_USER'@'%' IDENTIFIED BY '$MARIADB_PASSWORD';
GRANT ALL ON \`$MARIADB_DATABASE\`.* TO '$MARIADB_USER'@'%';
SQL
exec mariadbd --no-defaults --user=mysql --datadir="$data" --socket=/tmp/mysql.sock --bind-address="${MARIADB_BIND:-0.0.0.0}" \
  --port="${MARIADB_PORT:-3306}" --skip-name-resolve --init-file=/tmp/init.sql "$@"

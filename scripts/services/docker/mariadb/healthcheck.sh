#!/bin/bash
exec mariadb --no-defaults -S /tmp/mysql.sock -u"$MARIADB_USER" -p"$MARIADB_PASSWORD" -N -e 'SELECT 1' "$MARIADB_DATABASE"

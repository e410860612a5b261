#!/usr/bin/env bash
# MIT Kerberos from apt: a key distribution centre of its own for tests, and kinit.
. "$(dirname "$0")/common.sh"
have krb5kdc && have kinit && have kadmin.local && exit 0
apt_install krb5-kdc krb5-admin-server krb5-user || die "the Kerberos tests need krb5-kdc, krb5-admin-server and krb5-user"

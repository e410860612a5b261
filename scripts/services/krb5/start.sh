#!/usr/bin/env bash
# Starts a key distribution centre of the realm ECOMCTL.TEST and prints the folder that holds
# krb5.conf and a keytab for each of nn/localhost, dn/localhost and alice. Safe to run again.
. "$(dirname "$0")/common.sh"
if running "$SERVICES_DIR/run/krb5$suffix.pid" krb5kdc; then printf '%s\n' "$KRB5"; exit 0; fi
port_open "$KRB5_PORT" && die "port $KRB5_PORT is taken by somebody else; set KRB5_PORT"
mkdir -p "$KRB5"
cat >"$KRB5/krb5.conf" <<END
[libdefaults]
  default_realm = $REALM
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
  udp_preference_limit = 1
  default_tkt_enctypes = aes256-cts-hmac-sha1-96
  default_tgs_enctypes = aes256-cts-hmac-sha1-96
  permitted_enctypes = aes256-cts-hmac-sha1-96
[realms]
  $REALM = {
    kdc = 127.0.0.1:$KRB5_PORT
  }
END
cat >"$KRB5/kdc.conf" <<END
[kdcdefaults]
  kdc_listen = 127.0.0.1:$KRB5_PORT
  kdc_tcp_listen = 127.0.0.1:$KRB5_PORT
[realms]
  $REALM = {
    database_name = $KRB5/principal
    key_stash_file = $KRB5/stash
    supported_enctypes = aes256-cts-hmac-sha1-96:normal
    master_key_type = aes256-cts-hmac-sha1-96
  }
END
if [ ! -f "$KRB5/.made" ]; then
  rm -f "$KRB5"/principal* "$KRB5"/*.keytab "$KRB5/stash"
  run_logged "$SERVICES_DIR/log/krb5-make$suffix.log" kdb5_util create -s -r "$REALM" -P "$(head -c 18 /dev/urandom | base64)" || die "the realm could not be made"
  for p in nn/localhost dn/localhost alice; do
    run_logged "$SERVICES_DIR/log/krb5-make$suffix.log" kadmin.local -r "$REALM" -q "addprinc -randkey $p" || die "$p could not be made"
    run_logged "$SERVICES_DIR/log/krb5-make$suffix.log" kadmin.local -r "$REALM" -q "ktadd -k $KRB5/${p%%/*}.keytab $p" || die "$p has no keytab"
  done
  touch "$KRB5/.made"
fi
start "krb5$suffix" krb5kdc krb5kdc -n -r "$REALM"
wait_ready "krb5$suffix" krb5kdc 30 port_open "$KRB5_PORT"
printf '%s\n' "$KRB5"

# What every script of this folder shares. Source it, do not run it.
#
#   ROOT          the project's root
#   CACHE_DIR     where downloads stay for the next clone; everything works without it
#   SERVICES_DIR  where everything is installed, runs and logs (default .services in the root);
#                 one folder a service, log/ for the logs, run/ for the pid files
#
# Habits: each script can be run again at any time and does nothing when nothing is to do; what it
# makes appears whole or not at all; when it fails it says what, and shows the tail of the log.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SERVICES_DIR=${SERVICES_DIR:-$ROOT/.services}
mkdir -p "$SERVICES_DIR/log" "$SERVICES_DIR/run"
SERVICES_DIR=$(cd "$SERVICES_DIR" && pwd)
# downloads, shared by all clones of a user; pip and npm keep theirs beside it, apt the system's
CACHE_DIR=${XDG_CACHE_HOME:-${HOME:-$SERVICES_DIR}/.cache}/ecomctl

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# run_logged LOG COMMAND...: run quietly; on failure show the log's tail and return 1.
run_logged() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if "$@" >"$log" 2>&1 </dev/null; then return 0; fi
  say "---- $* failed; the end of $log:"
  tail -n 30 "$log" >&2 || true
  return 1
}

# stamped FILE TEXT: true when FILE holds exactly TEXT (the mark of a finished install).
stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# digest FILE...: one checksum over the contents.
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

# services: the names that up.sh and down.sh take: the folders with a start.sh, Hadoop's as hdfs.
services() {
  local f names=()
  for f in "$ROOT"/scripts/services/*/start.sh; do names+=("$(basename "$(dirname "$f")")"); done
  printf '%s\n' "${names[*]/#hadoop/hdfs}"
}

# service_folder NAME: the folder of a service; an unknown name ends the script.
service_folder() {
  local folder=${1/#hdfs/hadoop}
  case $folder in */* | .* | "") folder=/ ;; esac
  [ -f "$ROOT/scripts/services/$folder/start.sh" ] || die "no service is called \"$1\"; there are: $(services)"
  printf '%s\n' "$folder"
}

# maven_jars NAME POM: the jars that POM names, in $SERVICES_DIR/NAME/lib, once for each state of POM.
# Clones that install at the same time wait for each other: Maven's folder of downloads is no shared one.
maven_jars() {
  local dir=$SERVICES_DIR/$1 pom=$2 want repo=$CACHE_DIR/maven
  want=$(digest "$pom")
  if stamped "$dir/lib/.installed" "$want" && have java; then return 0; fi
  have java || apt_install openjdk-17-jre-headless || { say "$1 needs Java"; return 1; }
  have mvn || apt_install maven || { say "$1 is installed by Maven"; return 1; }
  mkdir -p "$repo" 2>/dev/null || { repo=$SERVICES_DIR/maven && mkdir -p "$repo"; }
  (
    flock 9
    if stamped "$dir/lib/.installed" "$want"; then exit 0; fi
    say "installing $1 into $dir/lib"
    rm -rf "$dir/lib" "$dir/build"
    mkdir -p "$dir/build"
    cp "$pom" "$dir/build/pom.xml" # Maven's target/ stays out of the source tree
    run_logged "$SERVICES_DIR/log/$1-install.log" mvn -q -B -f "$dir/build/pom.xml" -Dmaven.repo.local="$repo" \
      -Dlib.dir="$dir/lib" package || exit 1
    printf '%s' "$want" >"$dir/lib/.installed"
  ) 9>"$repo/.lock"
}

# apt_install PACKAGE...: install Debian packages; needs root. postinst scripts start no service.
apt_install() {
  local missing=() p log=$SERVICES_DIR/log/apt.log
  for p in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  have apt-get || { say "cannot install ${missing[*]}: no apt-get here"; return 1; }
  [ "$(id -u)" = 0 ] || { say "cannot install ${missing[*]}: apt-get needs root"; return 1; }
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  # an old package list is only refreshed when it is the reason for a failure
  apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null && return 0
  run_logged "$log" apt-get update || return 1
  run_logged "$log" apt-get install -y --no-install-recommends "${missing[@]}"
}

# python_env NAME REQUIREMENTS: a virtual environment .services/NAME with the pinned packages.
python_env() {
  local dir=$SERVICES_DIR/$1 want
  want=$(digest "$2")
  if stamped "$dir/.installed" "$want"; then return 0; fi
  have python3 || { say "cannot make $1: python3 is not installed"; return 1; }
  say "installing $(basename "$(dirname "$2")")/$(basename "$2") into $dir"
  rm -rf "$dir"
  if ! run_logged "$SERVICES_DIR/log/$1.log" python3 -m venv "$dir"; then
    # Debian keeps ensurepip in a package of its own
    apt_install python3-venv && run_logged "$SERVICES_DIR/log/$1.log" python3 -m venv --clear "$dir" || return 1
  fi
  run_logged "$SERVICES_DIR/log/$1.log" "$dir/bin/python" -m pip install -q --disable-pip-version-check -r "$2" || return 1
  printf '%s' "$want" >"$dir/.installed"
}

# running PIDFILE COMM: true when the process of PIDFILE lives, is no zombie, and its command name
# starts with COMM (an old pid file may name a pid that somebody else has got since). A zombie with threads still
# holds its ports: on a busy machine the threads of a Java end after it.
running() {
  local pid stat comm state
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
  comm=${stat#*\(}; comm=${comm%\)*}
  state=${stat##*\) }; state=${state%% *}
  case $state in Z | X) [ "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -gt 1 ] || return 1 ;; esac
  case $comm in "$2"*) return 0 ;; esac
  return 1
}

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start NAME COMM COMMAND...: start a daemon in its own session unless it runs already.
start() {
  local name=$1 comm=$2
  shift 2
  if running "$SERVICES_DIR/run/$name.pid" "$comm"; then return 0; fi
  setsid nohup "$@" >"$SERVICES_DIR/log/$name.log" 2>&1 </dev/null &
  local pid=$! i
  echo "$pid" >"$SERVICES_DIR/run/$name.pid"
  # until exec the process still bears the name of the shell, and would pass for dead
  for ((i = 0; i < 250; i++)); do
    if running "$SERVICES_DIR/run/$name.pid" "$comm" || ! kill -0 "$pid" 2>/dev/null; then return 0; fi
    sleep 0.02
  done
}

# wait_ready NAME COMM SECONDS CHECK...: poll CHECK; fail with the log's tail at once when the daemon dies.
wait_ready() {
  local name=$1 comm=$2 limit=$3 until log=$SERVICES_DIR/log/$1.log
  shift 3
  until=$((SECONDS + limit))
  while ! "$@" >/dev/null 2>&1; do
    if ! running "$SERVICES_DIR/run/$name.pid" "$comm"; then
      say "---- the end of $log:"; tail -n 40 "$log" >&2 || true
      die "$name ended before it was ready"
    fi
    if [ $SECONDS -ge $until ]; then
      say "---- the end of $log:"; tail -n 40 "$log" >&2 || true
      die "$name was not ready after $limit s"
    fi
    sleep 0.2
  done
}

# stop NAME COMM [SECONDS]: TERM, wait, KILL. No error when it does not run.
stop() {
  local name=$1 comm=$2 limit=${3:-30} pidfile=$SERVICES_DIR/run/$1.pid pid i
  running "$pidfile" "$comm" || { rm -f "$pidfile"; return 0; }
  pid=$(cat "$pidfile")
  kill -TERM "$pid"
  for ((i = 0; i < limit * 5; i++)); do
    running "$pidfile" "$comm" || { rm -f "$pidfile"; say "$name: stopped"; return 0; }
    sleep 0.2
  done
  kill -KILL "$pid" 2>/dev/null || true
  for ((i = 0; i < 50; i++)); do # until it has given up its ports
    running "$pidfile" "$comm" || break
    sleep 0.2
  done
  rm -f "$pidfile"
  say "$name: killed after $limit s"
}

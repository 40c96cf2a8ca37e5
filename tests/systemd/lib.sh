# What the cases share; read by run.sh before each, under `set -eEuo pipefail`.
image=systemd-test
trap 'echo "line $LINENO: $BASH_COMMAND"' ERR

fail() { echo "$*"; exit 1; }

# expect TEXT REGEX: the text has a line that matches.
expect() { grep -qE -- "$2" <<< "$1" || fail "expected /$2/ in: $1"; }
expect_none() { ! grep -E -- "$2" <<< "$1" || fail "did not expect /$2/"; }

# eventually COMMAND…: until it succeeds.
eventually() {
  local tries
  for tries in {1..300}; do
    "$@" && return
    sleep 0.2
  done
  fail "did not come true: $*"
}

# service [PROPERTY…] -- COMMAND…: the command as a service, waited for; its output and its status.
service() {
  local properties=()
  while [[ $1 != -- ]]; do properties+=(-p "$1"); shift; done
  systemd-run -q --wait --pipe --collect --unit="test-$RANDOM$RANDOM" "${properties[@]}" -- "${@:2}" 2>&1
}

running() { "$DEVENV" ps --format '{{.Names}}' | grep -qx "$1"; }
pid_of() { "$DEVENV" inspect "$1" | grep -oE '"Pid": *[0-9]+' | grep -oE '[0-9]+'; }
cgroup_of() { sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup"; }
scope_of() { cgroup_of "$1" | grep -oE 'devenv-[0-9a-f]+\.scope'; }

remove_all() {
  local names
  names=$("$DEVENV" ps -a --format '{{.Names}}')
  [[ -z $names ]] || "$DEVENV" rm -f $names > /dev/null
}

# An image of one busybox.
make_image() {
  [[ -z $("$DEVENV" images -q "$image") ]] || return 0
  local root
  root=$(mktemp -d)
  mkdir -p "$root/root/bin" "$root/root/etc" "$root/root/tmp"
  cp "$(command -v busybox)" "$root/root/bin/busybox"
  local applet
  for applet in sh sleep cat true echo dd wget nc httpd head nslookup kill touch; do ln -s busybox "$root/root/bin/$applet"; done
  echo 'root:x:0:0:root:/:/bin/sh' > "$root/root/etc/passwd"
  printf 'FROM scratch\nCOPY root/ /\nCMD ["sh"]\n' > "$root/Dockerfile"
  "$DEVENV" build -q -t "$image" "$root" > /dev/null
  rm -rf "$root"
}

at_end=()
# finally COMMAND: undone when the case ends, last first.
finally() { at_end=("$1" "${at_end[@]}"); }
clean_up() {
  set +e
  local command
  for command in "${at_end[@]}"; do eval "$command"; done
  remove_all
}
trap clean_up EXIT
make_image
remove_all

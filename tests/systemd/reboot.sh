#!/usr/bin/env bash
# reboot.sh start|check: a shutdown of the machine stops containers in order. `start` reboots it; `check`, afterwards,
# says whether the container heard its signal and its end is known. Not among run.sh's cases, which it would end.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DEVENV=${DEVENV:-devenv}
out=/var/tmp/devenv-reboot-test
case ${1:-} in
  start)
    bash -c '. ./lib.sh'   # its image
    rm -rf "$out" && mkdir "$out"
    systemd-run -q --wait --pipe "$DEVENV" run -d --name rebooted -v "$out:/out" systemd-test \
      sh -c "trap 'echo TERM > /out/heard; exit 5' TERM; touch /out/ready; while :; do sleep 1; done" > /dev/null
    until [[ -e $out/ready ]]; do sleep 0.1; done
    systemctl reboot
    ;;
  check)
    [[ $(< "$out/heard") == TERM ]] || { echo "reboot.sh: it was killed" >&2; exit 1; }
    "$DEVENV" ps -a --format '{{.Names}} {{.Status}}' | grep -E '^rebooted Exited \(5\)'
    "$DEVENV" rm -f rebooted > /dev/null
    rm -rf "$out"
    ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
esac

#!/usr/bin/env bash
# wait_for_same_state.sh BEFORE AFTER: compares the machine with the state in BEFORE until nothing has been added to
# it, for 10 s at most (a reaper may still be at work). Prints what is left over and fails if something is.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

give_up=$((SECONDS + 10))
while :; do
  as_root "$root_dir/scripts/machine_state.sh" > "$2"
  left=$(LC_ALL=C comm -13 "$1" "$2")
  if [[ -z $left ]]; then
    echo "yes: no process, mount, link, nft table, network namespace, cgroup, port or session is left"
    exit 0
  fi
  ((SECONDS < give_up)) || break
  sleep 0.5
done
printf 'no, this was left behind:\n%s\n' "$left"
exit 1

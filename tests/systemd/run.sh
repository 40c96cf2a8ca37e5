#!/usr/bin/env bash
# run.sh [REGEX]: what devenv promises on a machine that systemd runs, one file of cases/ each, as root. DEVENV names
# the command (else `devenv` of PATH). Prints a line per case and a count; exit status 0 when all hold.
# It starts services, changes settings of this machine for a moment and stops every container: for a machine to spare.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DEVENV=${DEVENV:-devenv}
[[ $(id -u) == 0 && -d /run/systemd/system ]] || { echo "run.sh: needs root and systemd as process 1" >&2; exit 2; }

passed=0 failed=()
for case in cases/*.sh; do
  name=$(basename "$case" .sh)
  [[ $name =~ ${1:-.} ]] || continue
  begin=$SECONDS
  if output=$(timeout 600 bash -eEuo pipefail -c '. ./lib.sh; . "$1"' case "$case" 2>&1); then
    verdict=holds
    passed=$((passed + 1))
  else
    verdict=FAILS
    failed+=("$name")
  fi
  printf '%s %s (%d s)\n' "$verdict" "$name" $((SECONDS - begin))
  [[ $verdict == holds ]] || sed 's/^/    /' <<< "$output"
done
((passed + ${#failed[@]} > 0)) || { echo "run.sh: no case matches ${1:-.}" >&2; exit 2; }
printf '%d of %d hold\n' "$passed" $((passed + ${#failed[@]}))
((${#failed[@]} == 0))

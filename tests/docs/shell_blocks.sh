#!/usr/bin/env bash
# shell_blocks.sh DIRECTORY PAGE: runs the page's blocks marked sh, one after the other, with the devenv of DIRECTORY,
# beside the Dockerfile that the page shows. What they make is called docs-…, and is gone when they end.
set -euo pipefail
directory=$1 page=$2

work=$(mktemp -d)
remove_all() {
  {
    devenv rm -f docs-web docs-server
    devenv network rm docs-net
    devenv volume rm docs-data
    devenv rmi docs-greeter
  } > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap remove_all EXIT

# block LANGUAGE: the lines of the page's blocks of that language.
block() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } /^```/ { inside = 0 } inside' "$page"; }

export PATH=$directory:$PATH
cd "$work"
block dockerfile > Dockerfile
block sh > script
[[ -s script ]] || { echo "$page has no block marked sh" >&2; exit 1; }
bash -euxo pipefail script
left=$(devenv ps -a; devenv images; devenv volume ls; devenv network ls)
if grep docs- <<< "$left"; then
  echo "$page leaves something behind" >&2
  exit 1
fi

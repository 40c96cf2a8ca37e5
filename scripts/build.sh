#!/usr/bin/env bash
# Configures and builds the release preset. Arguments are targets; none means everything.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "building${*:+ $*}"
cmake --preset release > "$root_dir/build-configure.log" 2>&1 || { cat "$root_dir/build-configure.log" >&2; exit 1; }
rm -f "$root_dir/build-configure.log"
if (($#)); then
  cmake --build --preset release -j "$(build_jobs)" --target "$@"
else
  cmake --build --preset release -j "$(build_jobs)"
fi

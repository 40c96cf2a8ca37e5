#!/usr/bin/env bash
# Configures and builds the release preset. Arguments are targets; none means everything.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "building${*:+ $*}"
# Later the build itself configures again when it has to.
if [[ ! $build_dir/build.ninja -nt CMakePresets.json ]]; then cmake --preset release; fi
if (($#)); then
  cmake --build --preset release -j "$(build_jobs)" --target "$@"
else
  cmake --build --preset release -j "$(build_jobs)"
fi

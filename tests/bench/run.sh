#!/bin/sh
# Builds the release preset and prints the table of speeds. Arguments go to the program:
#   tests/bench/run.sh [--rounds N] [--only TEXT] [--growth N]
# DEVENV_BENCH_PEER=podman measures against another program with docker's command line. Needs root.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "bench: this needs root; run it with sudo" >&2; exit 1; }
cmake --preset release >&2
cmake --build --preset release --target bench >&2
exec build/release/tests/bench/bench "$@"

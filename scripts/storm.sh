#!/usr/bin/env bash
# storm.sh [ROUNDS]: kills test programs, holders, reapers and containers at random moments, ROUNDS times (2000 when
# not given) and a quarter of that with four test programs at once, and compares the machine after every one.
# DEVENV_STORM_SEED, which every run prints, repeats a run's choices.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rounds=${1:-2000}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "$rounds is not a number of rounds; for example: scripts/storm.sh 2000"

"$root_dir/scripts/setup.sh"
"$root_dir/scripts/build.sh" storm_test
step "base image"
as_root "$devenv_command" image bootstrap debian:bookworm-slim
step "$rounds rounds"
export DEVENV_STORM_ROUNDS=$rounds
as_root "$build_dir/tests/storm/storm_test" --gtest_filter='Storm.*'

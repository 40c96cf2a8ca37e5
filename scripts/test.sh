#!/usr/bin/env bash
# Sets up, builds, makes the base images and runs every test; looks whether the machine is as it was; ends with
# ctest's summary. Arguments go to ctest: scripts/test.sh -R Postgres. DEVENV_FUZZ=1 fuzzes each parser for a minute too.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$root_dir/scripts/setup.sh"
"$root_dir/scripts/build.sh"
also=()
if [[ ${DEVENV_FUZZ:-0} == 1 ]]; then
  "$root_dir/scripts/fuzz.sh" 0
  also=(-C Fuzz)
fi

step "base images"
for image in debian:bookworm-slim debian:trixie-slim; do
  as_root "$devenv_command" image bootstrap "$image"
done

step "tests"
log=$build_dir/ctest.log
before=$build_dir/machine.before
after=$build_dir/machine.after
as_root "$root_dir/scripts/machine_state.sh" > "$before"
status=0
# Side by side, as users run theirs, and each once: a test that fails now and then has found something.
as_root ctest --preset release "${also[@]}" -j "${DEVENV_TEST_JOBS:-$(nproc)}" "$@" 2>&1 | tee "$log" || status=1

step "is the machine as it was?"
"$root_dir/scripts/wait_for_same_state.sh" "$before" "$after" || status=1

# Once more, so that it closes the output.
sed -n '/^[0-9]*% tests passed/,$p' "$log"
exit $status

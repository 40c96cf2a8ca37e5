#!/usr/bin/env bash
# Sets up, builds, makes the base images and runs every test; looks whether the machine is as it was; ends with
# ctest's summary. Arguments go to ctest: scripts/test.sh -R Postgres. DEVENV_TIDY=1 runs clang-tidy first. What continuous
# integration adds: DEVENV_FUZZ=1 fuzzes each parser for a minute; DEVENV_FRESH_MACHINE=1 then does it all on a fresh machine as
# well, unless whatever says what such a machine needs is as it was when it last passed there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$root_dir/scripts/setup.sh"
"$root_dir/scripts/build.sh"
if [[ ${DEVENV_TIDY:-0} == 1 ]]; then "$root_dir/scripts/tidy.sh"; fi
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

# What decides which packages a machine needs: a name for the content of these files.
needs_of_a_machine() {
  git ls-tree -r HEAD | grep -E $'\t(scripts/|cmake/|CMakePresets.json$|(.*/)?CMakeLists.txt$|.*\\.cmake$)' |
    sha256sum | cut -c1-16
}
if [[ ${DEVENV_FRESH_MACHINE:-0} == 1 && $status == 0 ]]; then
  passed=${XDG_CACHE_HOME:-$HOME/.cache}/devenv/fresh_machine/$(needs_of_a_machine)
  if [[ -e $passed ]]; then
    step "no fresh machine: scripts/, cmake/ and every CMakeLists.txt are as when it passed on $(date -r "$passed" +%F)"
  elif "$root_dir/scripts/fresh_machine.sh"; then
    mkdir -p "${passed%/*}"
    touch "$passed"
  else
    status=1
  fi
fi

# Once more, so that it closes the output.
sed -n '/^[0-9]*% tests passed/,$p' "$log"
exit $status

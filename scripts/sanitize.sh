#!/usr/bin/env bash
# sanitize.sh [asan-ubsan|tsan]… [-- CTEST ARGUMENTS]: builds everything under the sanitizers of a preset and runs the
# tests there, both presets unless one is named. Any report fails it, also one of a process whose output no test reads.
# Ten to twenty minutes a preset on two cores, which is why continuous integration does not.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

presets=()
while (($#)) && [[ $1 != -- ]]; do presets+=("$1"); shift; done
if (($#)); then shift; fi
if ((${#presets[@]} == 0)); then presets=(asan-ubsan tsan); fi

# The leak checker's note of a thread that ended while it looked, and ThreadSanitizer's of a forked copy of a program
# with threads that starts threads of its own, which it cannot follow.
no_finding='^==[0-9]+==(Running thread [0-9]+ was not|ThreadSanitizer: dup thread)'
# Those compile projects of their own, or measure what a sanitizer changes.
not_here='^(consumer\.|public_headers\.|debian_package)'

run_preset() {
  local preset=$1
  shift
  local reports=$root_dir/build/$preset/reports status=0
  step "$preset: building"
  cmake --preset "$preset" > /dev/null
  cmake --build --preset "$preset" -j "$(build_jobs)"

  step "$preset: tests"
  rm -rf "$reports"
  mkdir -p "$reports"
  as_root env ASAN_OPTIONS="log_path=$reports/asan:detect_stack_use_after_return=1:strict_string_checks=1" \
    UBSAN_OPTIONS="log_path=$reports/ubsan:halt_on_error=1:print_stacktrace=1" \
    TSAN_OPTIONS="log_path=$reports/tsan:second_deadlock_stack=1:die_after_fork=0" \
    ctest --preset "$preset" -E "$not_here" -j "${DEVENV_TEST_JOBS:-1}" --timeout 900 "$@" || status=1
  for report in "$reports"/*; do
    [[ -e $report ]] && grep -qvE "$no_finding" "$report" || continue
    printf '\n%s:\n' "${report#"$root_dir"/}"
    head -n 60 "$report"
    status=1
  done
  return $status
}

status=0
for preset in "${presets[@]}"; do run_preset "$preset" "$@" || status=1; done
exit $status

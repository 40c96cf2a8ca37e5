#!/usr/bin/env bash
# fuzz.sh [SECONDS [TARGET…]]: builds the fuzz targets with clang, libFuzzer, asan and ubsan, and runs each for that
# long (60 s), two at a time. What a target trips over is kept in build/fuzz/crashes and tried first the next time;
# mended, it belongs in tests/fuzz/corpus. SECONDS 0 only builds.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds=${1:-60}
targets=("${@:2}")
if ((${#targets[@]} == 0)); then mapfile -t targets < <(cd tests/fuzz && ls -- *_fuzz.cpp | sed 's/_fuzz\.cpp$//'); fi
fuzz_dir=$root_dir/build/fuzz

step "building the fuzz targets"
if [[ ! $fuzz_dir/build.ninja -nt CMakePresets.json ]]; then cmake --preset fuzz > /dev/null; fi
cmake --build --preset fuzz -j "$(build_jobs)" --target "${targets[@]/%/_fuzz}"
((seconds > 0)) || exit 0

# One target: what it tripped over before, then new inputs, which do not land in the source tree.
fuzz_one() {
  local target=$1 log=$fuzz_dir/$1.log crashes=$fuzz_dir/crashes/$1
  local program=$fuzz_dir/tests/fuzz/${target}_fuzz
  mkdir -p "$crashes" "$fuzz_dir/corpus/$target"
  export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  local kept
  kept=$(find "$crashes" -type f)
  # shellcheck disable=SC2086
  if { [[ -z $kept ]] || "$program" $kept; } > "$log" 2>&1 &&
    "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2560 -artifact_prefix="$crashes/" \
      "$fuzz_dir/corpus/$target" "tests/fuzz/corpus/$target" >> "$log" 2>&1; then
    printf '%s: %s\n' "$target" "$(grep -E '^Done ' "$log")"
  else
    printf '%s: FAILED\n' "$target"
    tail -n 60 "$log"
    return 1
  fi
}
export -f fuzz_one
export fuzz_dir seconds

step "fuzzing ${targets[*]}, $seconds s each"
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'fuzz_one {}'

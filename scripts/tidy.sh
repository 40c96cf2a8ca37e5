#!/usr/bin/env bash
# clang-tidy with the checks of .clang-tidy, over everything that is not a test and has changed since it last passed:
# what a source says, what the headers of ours that it includes say, its flags, the checks. After scripts/build.sh,
# which knows those headers. Arguments are how paths begin: scripts/tidy.sh runtime/net/ fixtures/
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || fail "clang-tidy is not installed; scripts/setup.sh installs it"
passed_dir=${XDG_CACHE_HOME:-$HOME/.cache}/devenv/tidy
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$passed_dir"

# OBJECT, tab, what it is compiled of, tab, how: once per source.
list_objects() {
  awk -v root="$root_dir/" '
    /^  "command": / {
      gsub(root, "")
      command = $0
      object = $0
      sub(/.* -o /, "", object)
      sub(/ .*/, "", object)
    }
    /^  "file": / {
      split($0, part, "\"")
      file = part[4]
      sub(root, "", file)
      if (file ~ /^(runtime|harness|fixtures|adapters)\// && !seen[file]++) print object "\t" file "\t" command
    }' "$build_dir/compile_commands.json"
}

# OBJECT, tab, a file of ours it was made of: a line each. With ccache, paths begin at the build's directory.
list_dependencies() {
  ninja -C "$build_dir" -t deps | awk -v root="$root_dir/" '
    /^[^ ].*: #deps/ { object = substr($0, 1, index($0, ": #deps") - 1) }
    /^ / {
      file = $1
      if ((sub(root, "", file) || sub(/^\.\.\/\.\.\//, "", file)) && file !~ /^(build|\.cache)\//) print object "\t" file
    }'
}

# SOURCE, tab, the digest of all that its result rests on.
list_keys() {
  list_dependencies > "$work/dependencies"
  cut -f2 "$work/dependencies" | sort -u | xargs sha256sum > "$work/sums"
  local checks object source command
  checks=$("$tidy" --version; cat .clang-tidy scripts/tidy.sh)
  awk -F'\t' -v sums="$work/sums" '
    BEGIN { while ((getline line < sums) > 0) { split(line, part, "  "); sum[part[2]] = part[1] } }
    { of[$1] = of[$1] sum[$2] }
    END { for (object in of) print object "\t" of[object] }' "$work/dependencies" | sort > "$work/contents"
  list_objects | sort | join -t $'\t' - "$work/contents" | while IFS= read -r line; do
    IFS=$'\t' read -r object source command <<< "$line"
    printf '%s\t%s\n' "$source" "$(printf '%s' "$checks" "$line" | sha256sum | cut -d' ' -f1)"
  done
}

# check SOURCE KEY: remembers a pass; prints what it found else.
check() {
  local found
  if found=$("$tidy" -p "$build_dir" --quiet --extra-arg=-Wno-everything "$1" 2> /dev/null); then
    : > "$passed_dir/$2"
  else
    printf '%s\n' "${found:-$1: clang-tidy failed}"
    return 1
  fi
}
export -f check
export tidy passed_dir build_dir

list_keys > "$work/keys"
(($(wc -l < "$work/keys") == $(list_objects | wc -l))) || fail "not everything is built; run scripts/build.sh"
wanted=$(IFS='|'; printf '%s' "$*")
grep -E "^(${wanted:-.*})" "$work/keys" > "$work/wanted" || fail "no source begins with $*"
while IFS=$'\t' read -r source key; do
  if [[ ! -e $passed_dir/$key ]]; then printf '%s\t%s\n' "$source" "$key"; fi
done < "$work/wanted" > "$work/changed"
step "clang-tidy: $(wc -l < "$work/changed") of $(wc -l < "$work/wanted") sources"
find "$passed_dir" -type f -mtime +30 -delete
tr '\t' '\n' < "$work/changed" | xargs -r -P "$(nproc)" -n 2 bash -c 'check "$@"' check

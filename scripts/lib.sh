# What the scripts share. Sourced, not run.
set -Eeuo pipefail

root_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root_dir"

step() { printf '\n== %s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# as_root COMMAND…: directly as root, else through sudo, the environment's DEVENV_* kept.
as_root() (exec_as_root "$@")

# The same in place of this shell, so that a signal to it is one to the command.
exec_as_root() {
  if [[ $(id -u) == 0 ]]; then exec "$@"; fi
  command -v sudo > /dev/null || fail "this needs root: run it as root, or install sudo"
  local variables
  mapfile -t variables < <(compgen -e | grep '^DEVENV_' || true)
  local keep=""
  if ((${#variables[@]})); then keep="--preserve-env=$(IFS=,; printf '%s' "${variables[*]}")"; fi
  exec sudo ${keep:+"$keep"} "$@"
}

# Compilers need about 2 GiB each; more at once would only swap.
build_jobs() {
  local by_memory
  by_memory=$(awk '/^MemAvailable:/ { n = int($2 / 2097152); print (n < 1 ? 1 : n) }' /proc/meminfo)
  local by_cpu
  by_cpu=$(nproc)
  printf '%d' $((by_memory < by_cpu ? by_memory : by_cpu))
}

build_dir=$root_dir/build/release
devenv_command=$build_dir/adapters/cli/devenv

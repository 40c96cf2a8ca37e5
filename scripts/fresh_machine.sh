#!/usr/bin/env bash
# fresh_machine.sh [CTEST ARGUMENTS]: scripts/test.sh as a stranger finds it. The files of HEAD, and nothing else of this
# tree, go to a bare Debian 12 where only scripts/setup.sh installs anything; ends with ctest's summary and its status.
# Takes as long as a first scripts/test.sh, less what the compiler cache knows.
#
# The machine is a privileged container of the build of this tree, not a chroot: it has processes, mounts, links and
# control groups of its own, so that nothing of the host's can stand in for what is missing, and all of it is gone with
# this script, however that ends. Package sources, proxies and certificate authorities are the host's; the compiler cache
# is the host's too (only read, unless by root), which is why the tree lies at the same path.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

git rev-parse --verify -q HEAD > /dev/null || fail "this is no git repository; a fresh machine gets the files of HEAD"
[[ -z $(git status --porcelain) ]] || echo "what is not committed does not take part: the machine gets the files of HEAD"
if [[ -z ${DEVENV_TRUST_HOST_CAS:-} ]]; then
  export DEVENV_TRUST_HOST_CAS=1
  echo "containers trust this machine's certificate authorities while they run (DEVENV_TRUST_HOST_CAS=0 turns it off)"
fi

"$root_dir/scripts/setup.sh"
"$root_dir/scripts/build.sh" devenv_command devenv_helper
image=debian:bookworm-slim
as_root "$devenv_command" image bootstrap "$image"

options=()
pass_on() { local name; for name in "$@"; do [[ ! -v $name ]] || options+=(-e "$name=${!name}"); done; }
pass_on DEVENV_TRUST_HOST_CAS DEVENV_FUZZ DEVENV_TEST_JOBS DEVENV_DEBIAN_MIRROR DEVENV_DEBIAN_SECURITY_MIRROR

mapfile -t proxies < <(compgen -e | grep -iE '^(http|https|ftp|all)_proxy$' || true)
pass_on "${proxies[@]}" no_proxy NO_PROXY
apt_proxies=$(apt-config dump --format '%f "%v";%n' Acquire | grep -i '::proxy' || true)
options+=(-e "APT_PROXIES=$apt_proxies")
# A proxy on the host's loopback is nowhere else.
addresses=$apt_proxies
for name in "${proxies[@]}"; do addresses+=" ${!name}"; done
if [[ $addresses =~ (localhost|127\.|\[::1\]) ]]; then options+=(--network host); fi

ccache_dir=$(ccache --get-config cache_dir)
mkdir -p "$ccache_dir"
ccache_settings=$(ccache --show-config | sed -n 's/^(\/[^)]*) //p')
options+=(-v "$ccache_dir:/ccache" -e CCACHE_DIR=/ccache -e "CCACHE_SETTINGS=$ccache_settings")
[[ $(id -u) == 0 ]] || options+=(-e CCACHE_READONLY=1)
pass_on LANG LC_ALL LC_CTYPE LC_MESSAGES   # ccache takes another language for another compilation

# Where tests put overlays, since overlayfs takes no overlay as its upper directory. Volumes go with the container.
options+=(-v /tmp -v /var/tmp -v /var/lib/devenv -v "$root_dir" --tmpfs /run)
# Limits make sure that it has control groups of its own, in which those of the tests lie and with which they go.
options+=(--cpus "$(nproc)" --memory "$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)k" --pids-limit 30000)

step "a fresh machine"
exec_as_root "$devenv_command" run --rm -i --privileged "${options[@]}" -w "$root_dir" "$image" \
  bash -euo pipefail -c '
tar -x
printf "%s\n" "$APT_PROXIES" > /etc/apt/apt.conf.d/proxies
printf "%s\n" "$CCACHE_SETTINGS" > /etc/ccache.conf
if [[ -e /sys/fs/cgroup/cgroup.subtree_control ]]; then
  # A group that has processes hands no controllers on, so these move into one of their own.
  mkdir /sys/fs/cgroup/main
  mapfile -t processes < /sys/fs/cgroup/cgroup.procs
  for pid in "${processes[@]}"; do echo "$pid" > /sys/fs/cgroup/main/cgroup.procs; done
else
  # In the other hierarchies of v1 it shares the group of the host, where groups of the tests could outlive it.
  for hierarchy in /sys/fs/cgroup/*; do
    [[ $hierarchy =~ /(memory|cpu|cpuacct|cpu,cpuacct|pids|unified)$ || -L $hierarchy ]] || umount "$hierarchy"
  done
fi
exec scripts/test.sh "$@"' bash "$@" < <(git archive HEAD)

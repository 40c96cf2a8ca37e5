#!/usr/bin/env bash
# The installed devenv, tried as its first user would, as root: one line for each thing that holds, exit 1 at the first
# that does not. Needs debian:bookworm-slim in the store, and nothing else of this tree.
set -Eeuo pipefail
image=debian:bookworm-slim
work=$(mktemp -d)
container=smoke-$$
cleanup() {
  local names
  names=$(devenv ps -a --format '{{.Names}}' | grep "^$container" || true)
  # shellcheck disable=SC2086
  [[ -z $names ]] || devenv rm -f $names > /dev/null
  devenv network rm "$container-net" > /dev/null 2>&1 || true
  devenv volume rm "$container-data" > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT
fail() { printf 'FAIL %s\n' "$*"; exit 1; }
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
holds() { printf 'holds: %s\n' "$*"; }
# expect WHAT WANTED GOT
expect() { if [[ $3 == "$2" ]]; then holds "$1"; else fail "$1: wanted \"$2\", got \"$3\""; fi; }
quick() { devenv run --rm "$@"; }
kernel_lines() { dmesg | wc -l; }
first_line=$(($(kernel_lines) + 1))

printf 'kernel %s, %s\n' "$(uname -r)" "$(stat -fc %T /sys/fs/cgroup)"
expect "info says no to nothing that is needed" "" \
  "$(devenv info --format json | tr '{' '\n' | grep '"Required": *true' | grep '"Works": *false' || true)"
expect "run" "hello" "$(quick $image echo hello)"
status=0; quick $image sh -c 'exit 7' || status=$?
expect "its exit code" 7 $status

devenv run -d --name "$container-a" $image sh -c 'echo started; trap "echo stopping; exit 3" TERM; while :; do sleep 0.1; done' > /dev/null
for _ in {1..100}; do [[ $(devenv logs "$container-a") != started ]] || break; sleep 0.1; done
expect "run -d and logs" started "$(devenv logs "$container-a")"
expect "ps" "$container-a" "$(devenv ps --format '{{.Names}}' | grep "^$container-a$")"
expect "exec" "root" "$(devenv exec "$container-a" id -un)"
devenv stop "$container-a" > /dev/null
expect "stop, by its signal" "started stopping" "$(devenv logs "$container-a" | xargs)"
[[ $(devenv ps -a --filter "name=$container-a" --format '{{.Status}}') == "Exited (3)"* ]]
devenv rm "$container-a" > /dev/null
holds "its status, and rm"

printf 'FROM %s\nRUN apt-get update -q && apt-get install -yq --no-install-recommends hello\nCMD ["hello", "-g", "built"]\n' \
  $image > "$work/Dockerfile"
devenv build -q -t "$container-image" "$work" > /dev/null
expect "build with RUN apt-get" built "$(quick "$container-image")"
devenv rmi "$container-image" > /dev/null

devenv network create "$container-net" > /dev/null
devenv run -d --name "$container-b" --network "$container-net" $image sleep 600 > /dev/null
expect "networks: a container by its name" "$container-b" \
  "$(quick --network "$container-net" $image getent hosts "$container-b" | awk '{ print $2 }')"
expect "--network none" "1" "$(quick --network none $image sh -c 'ls /sys/class/net | wc -l')"

# What answers on a port has to come from the image: perl is in every Debian.
server='use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 80, Listen => 5, ReuseAddr => 1) or die;
  while (my $c = $s->accept) { print $c "from inside\n"; close $c }'
devenv run -d --name "$container-c" -p 127.0.0.1:38080:80 $image perl -e "$server" > /dev/null
reply=
for _ in {1..100}; do
  reply=$(timeout 10 bash -c 'cat < /dev/tcp/127.0.0.1/38080' 2> /dev/null || true)
  [[ -z $reply ]] || break
  sleep 0.1
done
expect "a published port" "from inside" "$reply"

quick -v "$container-data:/data" $image sh -c 'echo kept > /data/file'
expect "a volume keeps its data" kept "$(quick -v "$container-data:/data" $image cat /data/file)"
echo host > "$work/file"
expect "a bind mount" host "$(quick -v "$work:/host:ro" $image cat /host/file)"
status=0; quick -v "$work:/host:ro" $image sh -c 'echo x > /host/file' 2> /dev/null || status=$?
[[ $status != 0 && $(< "$work/file") == host ]]
holds "a read-only one is"
expect "a tmpfs" tmpfs "$(quick --tmpfs /t $image stat -fc %T /t)"

limits='cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max 2> /dev/null ||
  cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us'
[[ $(quick -m 64m --pids-limit 50 --cpus 0.5 $image sh -c "$limits" | xargs) == "67108864 50 50000"* ]]
holds "limits of memory, processes and processors"
status=0; quick -m 32m $image sh -c 'tail /dev/zero' > /dev/null 2> "$work/oom" || status=$?
expect "the memory limit kills" 137 $status
grep -q 'out of memory' "$work/oom"
holds "and is told"
status=0; quick --pids-limit 5 $image sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait' > /dev/null 2>&1 || status=$?
[[ $status != 0 ]]
holds "the limit of processes refuses"

cleanup
# What a limit was asked to do is told there by the kernel, and that is right.
noise=$(dmesg | tail -n "+$first_line" | grep -E 'overlayfs: |netlink: |memfd_create|unrecognized' || true)
expect "no noise in the kernel's log" "" "$noise"
echo "smoke: all hold"

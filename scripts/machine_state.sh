#!/usr/bin/env bash
# Prints what containers could leave behind on this machine, one thing a line, sorted: for comparison. Root sees all.
set -uo pipefail

own_pid_ns=$(readlink /proc/self/ns/pid)
own_net_ns=$(readlink /proc/self/ns/net)
{
  for dir in /proc/[0-9]*; do
    name=$(cat "$dir/comm" 2> /dev/null) || continue
    pid_ns=$(readlink "$dir/ns/pid" 2> /dev/null)
    net_ns=$(readlink "$dir/ns/net" 2> /dev/null)
    [[ -n $pid_ns ]] || continue
    if [[ $pid_ns != "$own_pid_ns" || $name == devenv* ]]; then printf 'process %s %s\n' "$name" "${dir#/proc/}"; fi
    if [[ $net_ns != "$own_net_ns" ]]; then printf 'network namespace %s\n' "$net_ns"; fi
  done
  awk '{ print "mount", $5, $(NF - 2), $(NF - 1) }' /proc/self/mountinfo
  for link in /sys/class/net/*; do printf 'link %s\n' "${link##*/}"; done
  if command -v nft > /dev/null; then nft list tables 2> /dev/null | sed 's/^/nft /'; fi
  { find /sys/fs/cgroup -type d \( -name 'devenv*' -o -path '*/devenv/*' \) 2> /dev/null || true; } | sed 's/^/cgroup /'
  # State 0A is LISTEN; the address holds the port in hexadecimal.
  awk '$4 == "0A" { print "listening", $2 }' /proc/net/tcp /proc/net/tcp6 2> /dev/null
  { find "${DEVENV_RUNTIME_DIR:-/run/devenv}/sessions" -mindepth 1 -maxdepth 1 ! -name '.*' 2> /dev/null || true; } | sed 's/^/session /'
} | LC_ALL=C sort -u

#!/usr/bin/env bash
# installed_alone.sh BUILD SOURCE WORK: runs what is in WORK against the moved installation, where neither the build's
# helper nor the sources' Dockerfiles can be seen, so that nothing but what is installed can be used.
set -euo pipefail
build=$1 source=$2 work=$3

if [[ ${4:-} != hidden ]]; then exec unshare --mount bash "$0" "$@" hidden; fi
mount -t tmpfs none "$build/runtime"
mount -t tmpfs none "$source/fixtures"

set -x
"$work/readme/build/shop_test"
"$work/build/one_fixture"
"$work/build/with_catch2"
"$work/start/build/first_test"

# With pkg-config, and found through a relative path that no longer holds when the helper is looked for.
libdir=$(dirname "$(find "$work/moved" -name libdevenv.so)")
export PKG_CONFIG_PATH=$libdir/pkgconfig
# shellcheck disable=SC2046
c++ -std=c++17 "$source/tests/package/consumer/changes_directory.cpp" -o "$work/by_pkg_config" $(pkg-config --cflags --libs devenv)
cd "$work"
LD_LIBRARY_PATH=$(realpath --relative-to=. "$libdir") ./by_pkg_config

# The command, by a symlink on PATH.
mkdir "$work/links"
ln -s "$work/moved/bin/devenv" "$work/links/devenv"
cd /
PATH=$work/links:$PATH devenv run --rm debian:bookworm-slim echo "from the moved prefix"

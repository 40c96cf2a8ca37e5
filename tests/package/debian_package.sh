#!/usr/bin/env bash
# debian_package.sh BUILD SOURCE WORK: packs the build as CPack does, checks that the package declares what its programs
# load, then installs it in a container as bare as a fresh machine, where it builds and runs images of its own.
set -euo pipefail
build=$1 source=$2 work=$3
devenv=$build/adapters/cli/devenv

fail() { printf '%s\n' "$*" >&2; exit 1; }

rm -rf "$work"
mkdir -p "$work/shared" "$work/store"
(cd "$build" && cpack -G DEB -B "$work/cpack" > "$work/cpack.log" 2>&1) || { cat "$work/cpack.log"; fail "cpack failed"; }
deb=$(ls "$work"/cpack/*.deb)
dpkg-deb -x "$deb" "$work/root"

# owner LIBRARY: the package it is from. Merged /usr: the package database may know the file without it.
owner() {
  local file
  file=$(realpath "$(ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }')")
  { dpkg -S "$file" 2> /dev/null || dpkg -S "${file#/usr}" || fail "no package has $1"; } | sed 's/:.*//'
}

# What the loader needs, and what the sources load with dlopen when it is first used.
libraries=$({
  objdump -p "$work/root/usr/bin/devenv" "$work"/root/usr/lib/libdevenv.so.? | awk '$1 == "NEEDED" { print $2 }'
  grep -rhoE 'LazyLibrary library\{"[^"]+' "$source/runtime" | sed 's/.*"//'
} | sort -u)
[[ $libraries == *libarchive.so* && $libraries == *libseccomp.so* ]] || fail "libraries were not found: $libraries"
needed=$(for library in $libraries; do owner "$library"; done | sort -u)
declared=$(dpkg-deb -f "$deb" Depends)
for package in $needed; do
  [[ ", $declared," == *", $package "* || ", $declared," == *", $package,"* ]] || fail "Depends lacks $package: $declared"
done
recommended=$(dpkg-deb -f "$deb" Recommends)
for package in mmdebstrap debian-archive-keyring ca-certificates; do
  [[ ", $recommended" == *", $package"* ]] || fail "Recommends lacks $package: $recommended"
done
if objdump -p "$work/root/usr/bin/devenv" "$work"/root/usr/lib/libdevenv.so.? | grep -E 'RPATH|RUNPATH'; then
  fail "a file looks for libraries where it was built"
fi
for file in usr/libexec/devenv/devenv-helper usr/share/devenv/fixtures/postgres/Dockerfile usr/include/devenv/postgres.h \
  usr/lib/cmake/devenv/devenv-config.cmake usr/share/doc/devenv/copyright; do
  [[ -e $work/root/$file ]] || fail "the package lacks $file"
done

cp "$deb" "$work/shared/devenv.deb"
cp "$source/tests/package/installed_from_deb.sh" /bin/busybox "$work/shared"
"$devenv" run --rm --privileged -v "$work/shared:/shared:ro" -v "$work/store:/var/lib/devenv" \
  debian:bookworm-slim sh /shared/installed_from_deb.sh
rm -rf "$work"

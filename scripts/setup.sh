#!/usr/bin/env bash
# Installs everything the build and the tests need on Debian 12. Safe to run again: then it only looks.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

packages=(
  # build
  g++ cmake ninja-build ccache pkgconf
  # libraries
  libarchive-dev libcap-dev libcli11-dev libcurl4-openssl-dev libisal-dev libmnl-dev
  libnftnl-dev libseccomp-dev libutf8proc-dev nettle-dev nlohmann-json3-dev
  # base images
  mmdebstrap debian-archive-keyring ca-certificates
  # tests: the other compiler and its sanitizers, another generator
  clang clang-tidy libclang-rt-14-dev make
  # tests: frameworks, real clients, peers
  busybox-static catch2 docker-registry dpkg-dev file libgmock-dev libgtest-dev libmongoc-dev libpq-dev libpqxx-dev skopeo
)

install_packages() {
  local missing
  mapfile -t missing < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort) \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2> /dev/null |
      awk '$2 == "installed" { print $1 }' | sort))
  # An older keyring does not know the next release, whose sources and images are used too.
  [[ -e /usr/share/keyrings/debian-archive-trixie-automatic.gpg ]] || missing+=(debian-archive-keyring)
  if ((${#missing[@]} == 0)); then
    echo "packages: all present"
    return
  fi
  step "installing ${missing[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${missing[@]}"
}

# apt_private DIR ARGUMENTS…: apt-get with a configuration and state of its own; the machine's is not touched.
apt_private() {
  local dir=$1
  shift
  apt-get -o Dir::Etc="$dir/etc" -o Dir::Etc::SourceList="$dir/etc/none.list" \
    -o Dir::Etc::SourceParts="$dir/etc/sources.list.d" -o Dir::Etc::Trusted="$dir/etc/none.gpg" \
    -o Dir::Etc::TrustedParts="$dir/etc/none.d" -o Dir::State="$dir/state" \
    -o Dir::Cache="$dir/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}

debian_mirror() {
  local found=${DEVENV_DEBIAN_MIRROR:-}
  [[ -n $found ]] || found=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Identifier: Packages' 2> /dev/null |
    awk '$1 == "Debian" { sub("/+$", "", $2); print $2; exit }')
  printf '%s' "${found:-http://deb.debian.org/debian}"
}

# Debian 12 has Catch2 2; the next release's source of 3 is built here, signatures checked, for the adapter's tests.
build_catch2_v3() {
  local prefix=$root_dir/.cache/catch2-v3
  if [[ -e $prefix/lib/cmake/Catch2/Catch2Config.cmake ]]; then
    echo "Catch2 3: present"
    return
  fi
  step "building Catch2 3 from Debian's source"
  mkdir -p "$root_dir/.cache"
  local work
  work=$(mktemp -d "$root_dir/.cache/catch2.XXXXXX")
  trap "rm -rf '$work'" EXIT
  mkdir -p "$work"/apt/etc/sources.list.d "$work"/apt/etc/none.d "$work"/apt/state/lists/partial \
    "$work"/apt/cache/archives/partial "$work"/source
  cat > "$work/apt/etc/sources.list.d/trixie.sources" << END
Types: deb-src
URIs: $(debian_mirror)
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  apt_private "$work/apt" update -q
  (cd "$work/source" && apt_private "$work/apt" source -q catch2)
  cmake -S "$work"/source/catch2-3* -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$work/prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCATCH_INSTALL_DOCS=OFF \
    -DCATCH_INSTALL_EXTRAS=ON -DCATCH_DEVELOPMENT_BUILD=OFF -DCMAKE_CXX_STANDARD=17 \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
  cmake --build "$work/build" -j "$(build_jobs)" --target install
  rm -rf "$prefix"
  mv "$work/prefix" "$prefix"
  rm -rf "$work"
  trap - EXIT
}

[[ -e /etc/debian_version ]] || fail "this knows Debian only; CONTRIBUTING.md lists what to install elsewhere"
install_packages
build_catch2_v3

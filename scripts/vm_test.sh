#!/usr/bin/env bash
# vm_test.sh [--keep] [bookworm|trixie] [REGEX]: devenv on a Debian machine with its stock kernel, systemd and pure
# cgroup v2, as root: built here, copied there, judged there. Ends with ctest's summary.
#
# First apt installs the .deb there and the installed command is tried (tests/vm/smoke.sh), then what systemd does to it
# (tests/systemd, unless there is a REGEX), then ctest runs the tests whose names match REGEX (all but those that compile a stranger's project or play a kernel: these ask nothing of the
# machine's own, and would take hours under emulation). The machine is that of scripts/vm.sh, kept in VM_HOME (~/.cache/devenv-vm); it is ended and
# forgotten at the end, --keep leaves it running.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

keep=0
if [[ ${1:-} == --keep ]]; then keep=1; shift; fi
release=bookworm
if [[ ${1:-} == bookworm || ${1:-} == trixie ]]; then release=$1; shift; fi
regex=${1:-.}
elsewhere='^(consumer\.|public_headers\.|debian_package$|Machine\.OlderKernels$|Deny\.)|OldKernel\.|\.under_'

export VM_HOME=${VM_HOME:-$HOME/.cache/devenv-vm} VM_MEMORY=${VM_MEMORY:-6144}
# The programs that tests call. Libraries come with the .deb, or from here.
export VM_PACKAGES="mmdebstrap debian-archive-keyring docker-registry skopeo dpkg-dev libsystemd0 ufw"
store=${DEVENV_STORE:-/var/lib/devenv}

vm() { as_root env VM_HOME="$VM_HOME" VM_MEMORY="$VM_MEMORY" VM_PACKAGES="$VM_PACKAGES" "$root_dir/scripts/vm.sh" "$@"; }
guest() { vm run --release "$release" --user root -- "$@"; }

# send DIRECTORY TAR-ARGUMENTS…: what tar packs here, unpacked there. Not through ssh, whose ciphers cost an emulated
# processor more than all else; 10.0.2.2 is our loopback.
send() {
  local directory=$1 port=$((30000 + RANDOM % 10000))
  shift
  as_root perl -MIO::Socket::INET -e '
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => shift, Listen => 1, ReuseAddr => 1) or die;
    my $guest = $listener->accept or die;
    open STDOUT, ">&", $guest or die;
    exec @ARGV' "$port" tar --xattrs --xattrs-include='*' -c "$@" &
  guest "mkdir -p '$directory' && exec 3<> /dev/tcp/10.0.2.2/$port &&
    tar -C '$directory' --xattrs --xattrs-include='*' -x <&3"
  wait $! || [[ $? == 1 ]]   # 1: a file changed while tar read it
}

# The libraries of the tests and of ctest, but for the C library's own.
libraries() {
  # ldd fails for static programs.
  { find "$build_dir" "$(command -v ctest)" -type f -executable ! -name '*.so*' -exec ldd {} + 2> /dev/null || true; } |
    awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | grep -vE "/lib(c|m|dl|rt|pthread|resolv)\.so|^$root_dir/" | sort -u
}

# A loop of the shell, in milliseconds: how much slower the machine is than this one.
loop='begin=$(date +%s%N); for ((i = 0; i < 200000; ++i)); do :; done; echo $((($(date +%s%N) - begin) / 1000000))'

for tool in mmdebstrap qemu-system-x86_64 qemu-img ssh cpio xz; do
  command -v $tool > /dev/null ||
    fail "$tool is missing; apt-get install mmdebstrap qemu-system-x86 qemu-utils openssh-client cpio xz-utils"
done

"$root_dir/scripts/build.sh"
step "what the tests need: the package, base images, the fixtures' images"
work=$(mktemp -d)
trap 'rm -rf "$work"; ((keep)) || vm stop' EXIT
(cd "$build_dir" && cpack -G DEB -B "$work/cpack" > "$work/log" 2>&1) || { cat "$work/log"; fail "cpack failed"; }
mkdir "$work/lib"
libraries | xargs cp -L -t "$work/lib"
mv "$work"/cpack/*.deb "$work/devenv.deb"
for image in debian:bookworm-slim debian:trixie-slim; do as_root "$devenv_command" image bootstrap "$image"; done
as_root ctest --preset release -Q -R '^(Postgres|Mongo|ShopTest)\.' ||
  fail "the fixtures' images were not built; ctest --preset release -R Postgres says why"

step "the machine: $release"
guest 'uname -sr; stat -fc "%T" /sys/fs/cgroup; systemctl is-system-running || true'
send /run/devenv-tests -C "$work" devenv.deb lib -C "$root_dir/tests/vm" smoke.sh
guest 'set -e
  echo "--- apt-get install devenv.deb"
  apt-get update -q > /dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends /run/devenv-tests/devenv.deb > /run/devenv-tests/log 2>&1 ||
    { cat /run/devenv-tests/log; exit 1; }
  # Libraries that this release has in another version only.
  for library in /run/devenv-tests/lib/*; do
    ldconfig -p | grep -q "$(basename "$library") " || cp "$library" /usr/local/lib
  done
  ldconfig'
# A machine that was kept has them.
guest "[[ -e '$store/index.json' ]]" || send "$store" -C "$store" --exclude=./sessions --exclude=./tmp --exclude=./containers --exclude=./volumes .
send /usr -C /usr "$(realpath --relative-to=/usr "$(command -v ctest)")" "$(realpath --relative-to=/usr "$(command -v cmake)")" \
  share/cmake-"$(cmake --version | awk 'NR == 1 { split($3, v, "."); print v[1] "." v[2] }')"
send "$root_dir" -C "$root_dir" --exclude='*.o' --exclude='*.a' --exclude=CMakeFiles --exclude='_CPack*' --exclude=./.git \
  --exclude='./build/[!r]*' --exclude=./build/release/tests/package .

variables=${DEVENV_TRUST_HOST_CAS:+DEVENV_TRUST_HOST_CAS=$DEVENV_TRUST_HOST_CAS}
status=0
step "the installed command"
guest "$variables bash /run/devenv-tests/smoke.sh" || status=1

if [[ $regex == . ]]; then
  step "what systemd does to it"
  guest "bash '$root_dir/tests/systemd/run.sh'" || status=1
  guest "bash '$root_dir/tests/systemd/reboot.sh' start" || true   # the connection goes with the machine
  guest "bash '$root_dir/tests/systemd/reboot.sh' check" && echo "holds reboot" || { echo "FAILS reboot"; status=1; }
fi

step "the tests"
slower=$((($(guest "$loop") + $(bash -c "$loop") - 1) / $(bash -c "$loop") + 1))
echo "limits of time of tests and services are $slower times as long: so much slower is the machine"
guest "find '$build_dir' -name '*.cmake' -exec perl -pi -e 's/(TIMEOUT[ ;\"=\[]+)(\d+)/\$1 . \$2 * $slower/ge' {} +"
guest "cd '$root_dir' && DEVENV_SLOWDOWN=$slower DEVENV_STORM_ROUNDS=20 $variables ctest --preset release -j 3 -R '$regex' -E '$elsewhere'" || status=1
exit $status

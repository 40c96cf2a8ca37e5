#!/bin/sh
# Runs where nothing but Debian's smallest system is: installs the package from /shared and uses its `devenv`.
set -eux
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -yq --no-install-recommends /shared/devenv.deb

ldconfig -p | grep -q libdevenv.so.0
devenv version
devenv --help > /dev/null
devenv info

mkdir /tmp/context
cp /shared/busybox /tmp/context
cat > /tmp/context/Dockerfile << 'END'
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
CMD ["sh", "-c", "echo made on a fresh machine"]
END
devenv build -q -t small /tmp/context
test "$(devenv run --rm small)" = "made on a fresh machine"
test "$(devenv run --rm --network none small echo alone)" = alone
test -z "$(devenv ps -aq)"

# A base image takes what the package only recommends. Without it: one line, whose end is a command that works here.
if devenv image bootstrap debian:bookworm-slim 2> /tmp/answer; then exit 1; fi
cat /tmp/answer
test "$(wc -l < /tmp/answer)" = 1
grep -q '^devenv: bootstrap debian:bookworm-slim: this machine lacks mmdebstrap; apt-get update && ' /tmp/answer
sh -c "$(sed 's/.*; //' /tmp/answer)"
devenv image bootstrap debian:bookworm-slim
devenv run --rm debian:bookworm-slim test -e /etc/debian_version

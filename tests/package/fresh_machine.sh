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

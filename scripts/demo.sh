#!/usr/bin/env bash
# Shows the whole road on a fresh Debian 12: installs, builds, makes base images, and runs one GoogleTest and
# one Catch2 program whose every test has its own PostgreSQL, MongoDB-protocol database and Flask app.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ -z ${DEVENV_TRUST_HOST_CAS:-} ]]; then
  export DEVENV_TRUST_HOST_CAS=1
  echo "containers trust this machine's certificate authorities while they run (DEVENV_TRUST_HOST_CAS=0 turns it off)"
fi
export DEVENV_REPORT=1

"$root_dir/scripts/setup.sh"
"$root_dir/scripts/build.sh" devenv_command devenv_helper example_demo_googletest example_demo_catch2

step "base images"
for image in debian:bookworm-slim debian:trixie-slim; do
  as_root "$devenv_command" image bootstrap "$image"
done

status=0
for program in demo_googletest demo_catch2; do
  step "$program (the first run builds the images of the fixtures)"
  as_root "$build_dir/examples/example_$program" || status=1
done
exit $status

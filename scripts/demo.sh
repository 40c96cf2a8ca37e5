#!/usr/bin/env bash
# Shows the whole road on a fresh Debian 12: installs, builds, makes base images, and runs tests that each have their
# own PostgreSQL, then one GoogleTest and one Catch2 program whose every test has its own PostgreSQL, MongoDB-protocol
# database and Flask app. What takes longest is last, so that the rest does not wait for it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ -z ${DEVENV_TRUST_HOST_CAS:-} ]]; then
  export DEVENV_TRUST_HOST_CAS=1
  echo "containers trust this machine's certificate authorities while they run (DEVENV_TRUST_HOST_CAS=0 turns it off)"
fi
export DEVENV_REPORT=1

"$root_dir/scripts/setup.sh"
"$root_dir/scripts/build.sh" devenv_command devenv_helper example_03_postgres_per_test \
  example_demo_googletest example_demo_catch2

step "base images"
for image in debian:bookworm-slim debian:trixie-slim; do
  as_root "$devenv_command" image bootstrap "$image"
done

status=0
run_example() {
  as_root "$build_dir/examples/example_$1" || status=1
}
step "PostgreSQL alone, one per test (the first run builds its image)"
run_example 03_postgres_per_test
step "PostgreSQL, MongoDB and a Flask app, three per test, with GoogleTest"
echo "The first run builds two more images. One compiles FerretDB from source, since Debian has no MongoDB server:"
echo "this takes minutes, once; later runs find it in the store."
run_example demo_googletest
step "the same with Catch2"
run_example demo_catch2
exit $status

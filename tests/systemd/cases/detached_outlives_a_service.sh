said=$(service -- "$DEVENV" run -d --name first "$image" sleep 10000)
expect_none "$said" devenv:
running first || fail "it ended with the service"
[[ $(cgroup_of first) == /system.slice/devenv-*.scope/devenv/detached-*/* ]] || fail "it lives in $(cgroup_of first)"
# Another service's container joins it there, and neither depends on who came first.
service -- "$DEVENV" run -d --name second "$image" sleep 10000
[[ $(scope_of first) == "$(scope_of second)" ]] || fail "two scopes"
scope=$(scope_of first)
"$DEVENV" rm -f first > /dev/null
running second || fail "the second ended with the first"
"$DEVENV" rm -f second > /dev/null
gone() { ! systemctl is-active -q "$scope"; }
eventually gone

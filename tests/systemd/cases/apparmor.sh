[[ $(< /sys/module/apparmor/parameters/enabled) == Y ]] || fail "this machine has no AppArmor"
dmesg -C
expect "$("$DEVENV" run --rm "$image" cat /proc/self/attr/current)" '^unconfined'
expect_none "$(dmesg)" 'apparmor="DENIED"'

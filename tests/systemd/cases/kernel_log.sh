# A bridge of its own first: its lines are not the container's.
"$DEVENV" run -d --name other "$image" sleep 10000 > /dev/null
dmesg -C
"$DEVENV" run -d --name one "$image" sleep 10000 > /dev/null
"$DEVENV" rm -f one > /dev/null
sleep 1
log=$(dmesg)
echo "$log"
expect_none "$log" 'netlink:|overlayfs:'
# The kernel says these for every port of a bridge; docs/systemd.md.
(($(grep -c . <<< "$log") <= 10)) || fail "more lines than a port needs"
expect_none "$(dmesg -C; "$DEVENV" info > /dev/null; dmesg)" 'netlink:|overlayfs:'

place=$(mktemp -d)
finally "rm -rf $place"
# Each hears its own stop signal and has its time.
wait_for='while :; do sleep 1; done'
"$DEVENV" run -d --name term -v "$place:/out" "$image" sh -c "trap 'echo TERM > /out/term; exit 3' TERM; $wait_for" > /dev/null
"$DEVENV" run -d --name usr1 --stop-signal USR1 -v "$place:/out" "$image" \
  sh -c "trap 'echo TERM > /out/usr1' TERM; trap 'echo USR1 >> /out/usr1; exit 4' USR1; $wait_for" > /dev/null
"$DEVENV" run -d --name deaf --stop-timeout 2 "$image" sh -c "trap '' TERM; $wait_for" > /dev/null
scope=$(scope_of term)
sleep 2
systemctl stop "$scope"
[[ $(< "$place/term") == TERM ]] || fail "no TERM"
[[ $(< "$place/usr1") == USR1 ]] || fail "heard $(< "$place/usr1")"
states=$("$DEVENV" ps -a --format '{{.Names}} {{.Status}}')
expect "$states" '^term Exited \(3\)'
expect "$states" '^usr1 Exited \(4\)'
expect "$states" '^deaf Exited \(137\)'
[[ $(systemctl show -P Result "$scope") == success ]] || fail "$(systemctl status "$scope")"

# A container in the foreground of a service: the command passes the signal on, and waits.
systemd-run -q --collect --unit=test-front "$DEVENV" run --rm --name front -v "$place:/out" "$image" \
  sh -c "trap 'sleep 1; echo TERM >> /out/front; exit 0' TERM; touch /out/ready; $wait_for"
eventually test -e "$place/ready"
sleep 2
systemctl stop test-front
[[ $(< "$place/front") == TERM ]] || fail "it was killed"

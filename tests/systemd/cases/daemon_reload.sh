"$DEVENV" run -d --name steady --memory 64m -p 127.0.0.1:18080:80 "$image" httpd -f -p 80 -h /etc > /dev/null
group=/sys/fs/cgroup$(cgroup_of steady)
for command in daemon-reload daemon-reexec; do
  systemctl $command
  running steady || fail "it ended at $command"
  [[ $(< "$group/memory.max") == 67108864 ]] || fail "its limit went at $command"
  expect "$(busybox wget -qO- http://127.0.0.1:18080/passwd)" '^root:'
done

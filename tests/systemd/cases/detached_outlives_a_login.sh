# An ordinary user's login, who starts devenv through sudo: logind spares root's processes.
finally 'rm -f /etc/systemd/logind.conf.d/devenv-test.conf; systemctl restart systemd-logind'
finally 'userdel -rf devenv-test 2> /dev/null; rm -f /etc/sudoers.d/devenv-test'
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\nKillUserProcesses=yes\n' > /etc/systemd/logind.conf.d/devenv-test.conf
systemctl restart systemd-logind
useradd -m -s /bin/bash devenv-test
echo 'devenv-test ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/devenv-test
ssh_dir=~devenv-test/.ssh
mkdir "$ssh_dir"
ssh-keygen -q -t ed25519 -N '' -f "$ssh_dir/key"
cp "$ssh_dir/key.pub" "$ssh_dir/authorized_keys"
cp "$ssh_dir/key" /root/devenv-test-key
finally 'rm -f /root/devenv-test-key'
chown -R devenv-test "$ssh_dir"
said=$(ssh -q -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i /root/devenv-test-key \
  devenv-test@127.0.0.1 "grep -o 'session-[^/]*' /proc/self/cgroup; sleep 10007 > /dev/null 2>&1 &
    sudo $DEVENV run -d --name stays $image sleep 10000 2>&1")
expect "$said" '^session-.*\.scope$'
expect_none "$said" devenv:
# The logout did end what was the session's.
gone() { ! pgrep -xf 'sleep 10007' > /dev/null; }
eventually gone
running stays || fail "it ended with the login"

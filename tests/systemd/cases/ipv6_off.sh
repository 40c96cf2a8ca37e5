finally 'sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0'
"$DEVENV" run -d --name before -p 18083:80 "$image" httpd -f -p 80 -h /etc > /dev/null
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
"$DEVENV" run -d --name after -p 18084:80 "$image" httpd -f -p 80 -h /etc > /dev/null
for port in 18083 18084; do expect "$(busybox wget -qO- http://127.0.0.1:$port/passwd)" '^root:'; done

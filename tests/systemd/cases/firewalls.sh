# serve_and_fetch: a published port answers, and a container reaches a server outside.
serve_and_fetch() {
  "$DEVENV" run -d --name web -p 127.0.0.1:18081:80 "$image" httpd -f -p 80 -h /etc > /dev/null
  expect "$(busybox wget -qO- http://127.0.0.1:18081/passwd)" '^root:'
  expect "$("$DEVENV" run --rm "$image" wget -qO- "http://$address:18082/hostname")" .
  "$DEVENV" rm -f web > /dev/null
}
address=$(ip -4 -o route get 10.0.2.2 | grep -oE 'src [0-9.]+' | cut -d' ' -f2)
busybox httpd -f -p 18082 -h /etc & server=$!
finally "kill $server"
finally 'nft flush ruleset'
nft -f - << 'END'
table inet test {
  chain input { type filter hook input priority 0; policy drop; iif lo accept; ct state established,related accept; tcp dport 22 accept; }
  chain forward { type filter hook forward priority 0; policy drop; }
}
END
serve_and_fetch
nft flush ruleset
if command -v ufw > /dev/null; then
  finally 'ufw --force disable > /dev/null'
  ufw allow 22 > /dev/null
  ufw default deny routed > /dev/null
  ufw --force enable > /dev/null
  serve_and_fetch
fi

# serve ADDRESS ANSWER: a nameserver that says so whatever it is asked.
serve() {
  perl -MIO::Socket::INET -e '
    my $socket = IO::Socket::INET->new(Proto => "udp", LocalAddr => $ARGV[0], LocalPort => 53) or die "bind: $!";
    my $answer = pack "C4", split /\./, $ARGV[1];
    while (defined $socket->recv(my $query, 512)) {
      my $question = substr $query, 12, index($query, "\0", 12) - 12 + 5;
      my $is_a = substr($question, -4, 2) eq "\0\1";
      $socket->send(substr($query, 0, 2) . pack("n5", 0x8180, 1, $is_a, 0, 0) . $question .
        ($is_a ? pack("n3Nn", 0xc00c, 1, 1, 0, 4) . $answer : ""));
    }' "$1" "$2" &
  server=$!
}
end_server() { kill "$server"; wait "$server" || true; }
answers() { "$DEVENV" exec living nslookup some.test 2>&1 | grep -q "$1"; }

cp -a /etc/resolv.conf /etc/resolv.conf.saved
finally 'mv -f /etc/resolv.conf.saved /etc/resolv.conf'
finally 'kill $server 2> /dev/null'
rm /etc/resolv.conf
# As systemd-resolved has it: a link to a file that names the stub.
mkdir -p /run/devenv-test
finally 'rm -rf /run/devenv-test'
echo nameserver 127.0.0.53 > /run/devenv-test/stub
ln -s /run/devenv-test/stub /etc/resolv.conf
serve 127.0.0.53 198.51.100.1
"$DEVENV" run -d --name living "$image" sleep 10000 > /dev/null
eventually answers 198.51.100.1
# The stub is restarted under a living container …
end_server
serve 127.0.0.53 198.51.100.2
eventually answers 198.51.100.2
# … the file names another …
end_server
serve 127.0.0.54 198.51.100.3
echo nameserver 127.0.0.54 > /run/devenv-test/other
ln -sf /run/devenv-test/other /etc/resolv.conf
eventually answers 198.51.100.3
# … or none any more: a link that leads nowhere.
rm -f /run/devenv-test/other
expect "$("$DEVENV" run --rm "$image" echo works 2>&1)" '^works$'
expect "$("$DEVENV" exec living echo works 2>&1)" '^works$'
echo nameserver 127.0.0.54 > /run/devenv-test/other
eventually answers 198.51.100.3

# GET /: "ok". GET /database: whether the server of DATABASE_URL takes connections.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{TERM} = sub { exit 0 };
$SIG{PIPE} = 'IGNORE';
my $listener = IO::Socket::INET->new(LocalPort => 8000, Listen => 64, ReuseAddr => 1) or die "listen: $@";

sub database_answer {
  my ($peer) = ($ENV{DATABASE_URL} // '') =~ m{@([^/]+)/};
  return ('503 Service Unavailable', 'no database') unless $peer;
  my $database = IO::Socket::INET->new(PeerAddr => $peer, Timeout => 5);
  return $database ? ('200 OK', 'database answers') : ('503 Service Unavailable', "$peer: $@");
}

while (1) {
  my $client = $listener->accept or next;
  my $request = <$client> // '';
  while (my $line = <$client>) { last if $line =~ /^\r?$/; }
  my ($status, $body) = $request =~ m{^GET /database } ? database_answer() : ('200 OK', 'ok');
  print $client "HTTP/1.0 $status\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
  close $client;
}

# Runs inside a sandbox, whose only interface is loopback: what connects to 127.0.0.1:3128 talks to the socket of the
# proxy that lies beside this file. One process for all connections, with nothing but Perl's own modules.
# It ends when the file that its argument names is gone.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use Fcntl qw(F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);

my ($guard) = @ARGV;
my ($folder) = $0 =~ m{^(.*)/};
my ($most, $chunk, $room) = (400, 65536, 262144);
my $away = "The network proxy of this sandbox does not answer just now: try again in a few seconds.\n";
# Each end of a connection by its descriptor: out is still to be written, eof was read, shut was told.
my %ends;
$SIG{PIPE} = 'IGNORE';

socket(my $door, AF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($door, SOL_SOCKET, SO_REUSEADDR, 1);
bind($door, pack_sockaddr_in(3128, INADDR_LOOPBACK)) or die "bind: $!";
listen($door, 511) or die "listen: $!";
fcntl($door, F_SETFL, O_NONBLOCK);

while (!defined $guard || -e $guard) {
  my ($reads, $writes) = ('', '');
  vec($reads, fileno $door, 1) = 1 if keys %ends < 2 * $most;
  for my $fd (keys %ends) {
    my $end = $ends{$fd};
    my $peer = defined $end->{peer} ? $ends{ $end->{peer} } : undef;
    vec($reads, $fd, 1) = 1 if !$end->{eof} && (!$peer || length $peer->{out} < $room);
    vec($writes, $fd, 1) = 1 if length $end->{out};
  }
  my $ready = select($reads, $writes, undef, 20);
  next if $ready <= 0;
  for my $fd (keys %ends) {
    give($fd) if exists $ends{$fd} && vec($writes, $fd, 1);
    take($fd) if exists $ends{$fd} && vec($reads, $fd, 1);
    finish($fd) if exists $ends{$fd};
  }
  admit() if vec($reads, fileno $door, 1);
}

sub admit {
  while (keys %ends < 2 * $most && accept(my $inside, $door)) {
    # Else small requests wait for acknowledgements that are late on purpose.
    setsockopt($inside, IPPROTO_TCP, TCP_NODELAY, 1);
    socket(my $outside, AF_UNIX, SOCK_STREAM, 0) or next;
    my $joined = connect($outside, pack_sockaddr_un("$folder/proxy.sock"));
    my ($in, $out) = (fileno $inside, fileno $outside);
    fcntl($_, F_SETFL, O_NONBLOCK) for $inside, $outside;
    $ends{$in} = { socket => $inside, out => '', peer => $joined ? $out : undef, eof => 0, shut => 0 };
    $ends{$out} = { socket => $outside, out => '', peer => $in, eof => 0, shut => 0 } if $joined;
    $ends{$in}{out} = "HTTP/1.1 503 The network proxy does not answer\r\nContent-Type: text/plain\r\n"
      . 'Content-Length: ' . length($away) . "\r\nConnection: close\r\n\r\n$away" unless $joined;
  }
}

sub take {
  my ($fd) = @_;
  my $end = $ends{$fd};
  my $count = sysread($end->{socket}, my $bytes, $chunk);
  return if !defined $count && ($! == EAGAIN || $! == EINTR);
  return drop($fd) if !defined $count;
  $end->{eof} = 1 if $count == 0;
  my $peer = $end->{peer};
  return if !defined $peer || $count == 0;
  $ends{$peer}{out} .= $bytes;
  give($peer);
}

sub give {
  my ($fd) = @_;
  my $end = $ends{$fd};
  my $count = syswrite($end->{socket}, $end->{out});
  return substr($end->{out}, 0, $count, '') if defined $count;
  drop($fd) unless $! == EAGAIN || $! == EINTR;
}

# Passes the end of a stream on once everything before it is written, and lets go of what has ended both ways.
sub finish {
  my ($fd) = @_;
  my $end = $ends{$fd};
  my $peer = $end->{peer};
  my $other = defined $peer ? $ends{$peer} : { eof => 1, out => '' };
  for my $pair ([$end, $other], [$other, $end]) {
    my ($from, $to) = @$pair;
    next if !$from->{eof} || length $to->{out} || $to->{shut} || !$to->{socket};
    $to->{shut} = 1;
    shutdown($to->{socket}, 1);
  }
  drop($fd) if $end->{eof} && $other->{eof} && !length $end->{out} && !length $other->{out};
}

sub drop {
  my ($fd) = @_;
  my $end = delete $ends{$fd} or return;
  close $end->{socket};
  my $other = defined $end->{peer} ? delete $ends{ $end->{peer} } : undef;
  close $other->{socket} if $other;
}

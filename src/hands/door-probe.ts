import type { Probe } from './resident-probe.ts'

/** Asks from inside, where there is a door that leads nowhere, for a way out. */
export const doorProbe: Probe = {
  name: 'way to the network',
  wanted: 'goes through the proxy, which refuses what is not allowed',
  command: `perl -MIO::Socket::INET -e '
    my $proxy = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 3128, Timeout => 5);
    if (!$proxy) { print "nobody forwards: $!"; exit }
    print $proxy "CONNECT refused.invalid:443 HTTP/1.1\\r\\nHost: refused.invalid:443\\r\\n\\r\\n";
    my $answer = <$proxy> // "nothing";
    print $answer unless $answer =~ m{^HTTP/1\\.1 403 }'`,
  remedy: 'Look at logs/egress.log in the data folder.',
}

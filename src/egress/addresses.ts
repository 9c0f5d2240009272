import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** What IANA's registries of special purposes, and vendors, keep out of the public part of IPv4. */
const closed4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  // Azure's metadata, among public addresses.
  ['168.63.129.16', 32],
] as const

/** Of IPv6 nothing but global unicast is open, and of that not what leads on to other addresses or nowhere. */
const open6 = ['2000::', 3] as const
const closed6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const closed = new BlockList()
for (const [network, prefix] of closed4) closed.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of closed6) closed.addSubnet(network, prefix, 'ipv6')
const open = new BlockList()
open.addSubnet(...open6, 'ipv6')

/**
 * Whether an address is one of the public internet, and none of this machine's own, which may be public too: a host name
 * is no address, and neither is one with a zone.
 */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false
  switch (isIP(address)) {
    case 4:
      return !closed.check(address, 'ipv4') && !ownAddresses().check(address, 'ipv4')
    case 6:
      return open.check(address, 'ipv6') && !closed.check(address, 'ipv6') && !ownAddresses().check(address, 'ipv6')
    default:
      return false
  }
}

/** Asked each time: a machine may get another address while it runs. */
function ownAddresses(): BlockList {
  const own = new BlockList()
  for (const { address, family } of Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []))
    own.addAddress(address, family === 'IPv4' ? 'ipv4' : 'ipv6')
  return own
}

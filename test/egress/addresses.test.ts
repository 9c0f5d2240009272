import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../src/egress/addresses.ts'

describe('public addresses', () => {
  test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '192.0.1.1', '223.255.255.255', '2606:4700::1111'])(
    'include %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )

  test.each([
    ['this host', '0.0.0.0'],
    ['private, class A', '10.1.2.3'],
    ['private, class B', '172.16.0.1'],
    ['private, class B, last', '172.31.255.255'],
    ['private, class C', '192.168.1.1'],
    ['carrier grade NAT', '100.64.0.1'],
    ['metadata of Alibaba', '100.100.100.200'],
    ['loopback', '127.0.0.1'],
    ['loopback, last', '127.255.255.255'],
    ['link local', '169.254.1.1'],
    ['metadata', '169.254.169.254'],
    ['metadata of ECS', '169.254.170.2'],
    ['metadata of Oracle', '192.0.0.192'],
    ['metadata of Azure', '168.63.129.16'],
    ['6to4 relay', '192.88.99.1'],
    ['benchmarks', '198.18.0.1'],
    ['documentation', '203.0.113.5'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['loopback, IPv6', '::1'],
    ['unspecified, IPv6', '::'],
    ['mapped loopback', '::ffff:127.0.0.1'],
    ['mapped metadata, in hexadecimal', '::ffff:a9fe:a9fe'],
    ['mapped public', '::ffff:8.8.8.8'],
    ['compatible', '::10.0.0.1'],
    ['NAT64', '64:ff9b::a00:1'],
    ['NAT64, local', '64:ff9b:1::1'],
    ['6to4 of a private one', '2002:a00:1::1'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['link local, IPv6', 'fe80::1'],
    ['with a zone', 'fe80::1%eth0'],
    ['site local', 'fec0::1'],
    ['unique local', 'fd00::1'],
    ['metadata of AWS, IPv6', 'fd00:ec2::254'],
    ['multicast, IPv6', 'ff02::1'],
    ['documentation, IPv6', '2001:db8::1'],
    ['a name', 'example.com'],
    ['nothing', ''],
  ])('do not include %s: %s', (_, address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test('include none of this machine’s own', () => {
    const own = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter(({ address }) => isPublicAddress(address))).toEqual([])
  })
})

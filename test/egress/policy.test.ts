import { describe, expect, test } from 'vitest'
import type { Policy } from '../../src/egress/policy.ts'
import { allows, closedPolicy, requireAllowed, toPolicy } from '../../src/egress/policy.ts'

const limited = {
  type: 'limited',
  allowed_hosts: [] as string[],
  allow_mcp_servers: false,
  allow_package_managers: false,
} as const
const servers = [{ url: 'https://mcp.example.com/sse' }]

describe('the policy of an environment', () => {
  test('without limits allows every host', () => {
    expect(toPolicy({ type: 'unrestricted' }, servers)).toEqual({ type: 'unrestricted' })
  })

  test('with limits allows the hosts it names and nothing else', () => {
    const policy = toPolicy({ ...limited, allowed_hosts: ['API.example.com', '*.cdn.example.com'] }, servers)
    expect(policy).toEqual({ type: 'limited', hosts: ['api.example.com', '*.cdn.example.com'] })
  })

  test('adds the package registries when it says so', () => {
    const policy = toPolicy({ ...limited, allow_package_managers: true }, servers)
    const hosts = ['registry.npmjs.org', 'pypi.org', 'files.pythonhosted.org', 'deb.debian.org', 'proxy.golang.org']
    expect(hosts.filter((host) => !allows(policy, host))).toEqual([])
    expect(allows(policy, 'mcp.example.com')).toBe(false)
  })

  test('adds the hosts of the agent’s MCP servers when it says so', () => {
    expect(toPolicy({ ...limited, allow_mcp_servers: true }, servers)).toEqual({
      type: 'limited',
      hosts: ['mcp.example.com'],
    })
  })
})

describe('a limited policy', () => {
  const policy: Policy = { type: 'limited', hosts: ['example.com', '*.example.org'] }

  test.each([
    ['example.com', true],
    ['www.example.com', false],
    ['example.com.evil.test', false],
    ['notexample.com', false],
    ['a.example.org', true],
    ['a.b.example.org', true],
    ['example.org', false],
    ['evilexample.org', false],
    ['', false],
  ])('and %s: %s', (host, isAllowed) => {
    expect(allows(policy, host)).toBe(isAllowed)
  })

  test('names what it allows when it refuses, up to a number', () => {
    const hosts = Array.from({ length: 25 }, (_, at) => `h${at}.test`)
    const ask = () => requireAllowed({ type: 'limited', hosts }, { host: 'other.test', port: 443 })
    expect(ask).toThrow(/does not allow other\.test\. It allows h0\.test, .*h19\.test and 5 more\.$/)
  })

  test('refuses every port but those of the web', () => {
    expect(() => requireAllowed(policy, { host: 'example.com', port: 22 })).toThrow('ports 80 and 443 alone, not 22')
    expect(() => requireAllowed(closedPolicy, { host: 'example.com', port: 443 })).toThrow('It allows no host at all.')
    expect(() => requireAllowed({ type: 'unrestricted' }, { host: 'example.com', port: 443 })).not.toThrow()
  })
})

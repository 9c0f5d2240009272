import { describe, expect, test } from 'vitest'
import { promptOf } from '../../src/activities/prompt.ts'
import { currentHarness, findHarness } from '../../src/model/harness.ts'
import type { Networking } from '../../src/wire/types.ts'
import { agentWith } from './agent.ts'

const LIMITED = { type: 'limited', allowed_hosts: [], allow_package_managers: false, allow_mcp_servers: false } as const
const hosts = (count: number) => Array.from({ length: count }, (_, index) => `h${index}.example`)

function workplace(networking?: Networking): string {
  return promptOf(agentWith(), currentHarness, networking)[0] ?? ''
}

describe('the prompt of an agent', () => {
  test('tells the harness’s part before the agent’s own, and nothing blank', () => {
    expect(promptOf(agentWith(), currentHarness, undefined)).toEqual([workplace(), 'Be brief.'])
    expect(promptOf(agentWith([], { system: ' ' }), currentHarness, undefined)).toEqual([workplace()])
  })

  test('names the working folder and where long outputs are', () => {
    expect(workplace()).toContain('/workspace;')
    expect(workplace()).toContain('/workspace/.outputs')
    expect(workplace()).not.toContain('{')
  })

  test.each<{ name: string; networking: Networking | undefined; says: string; not: string }>([
    { name: 'public hosts', networking: { type: 'unrestricted' }, says: 'reaches public hosts', not: 'no network:' },
    { name: 'them where nothing is said', networking: undefined, says: 'reaches public hosts', not: 'no network:' },
    { name: 'nothing', networking: { ...LIMITED, allowed_hosts: [] }, says: 'has no network:', not: 'proxy' },
    {
      name: 'the hosts that are named, as they are',
      networking: { ...LIMITED, allowed_hosts: ['a.example', '*.b.example', '$&'] },
      says: 'variables name: a.example, *.b.example, $&. It reaches nothing else',
      not: 'public hosts',
    },
    {
      name: 'registries and servers',
      networking: { ...LIMITED, allowed_hosts: [], allow_package_managers: true, allow_mcp_servers: true },
      says: ': the public package registries, the hosts of your MCP servers. It',
      not: 'no network:',
    },
    {
      name: 'some of many hosts',
      networking: { ...LIMITED, allowed_hosts: hosts(52) },
      says: 'h49.example, 2 more hosts. It',
      not: 'h50',
    },
  ])('says that the sandbox reaches $name', ({ networking, says, not }) => {
    expect(workplace(networking)).toContain(says)
    expect(workplace(networking)).not.toContain(not)
    expect(workplace(networking)).toBe(workplace(structuredClone(networking)))
  })

  test('is what it was under older harnesses, whatever the network', () => {
    const older = findHarness('longhand-2') ?? currentHarness
    expect(promptOf(agentWith(), older, { type: 'unrestricted' })).toEqual([...older.systemParts, 'Be brief.'])
  })
})

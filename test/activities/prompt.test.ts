import { describe, expect, test } from 'vitest'
import type { Workplace } from '../../src/activities/prompt.ts'
import { promptOf } from '../../src/activities/prompt.ts'
import { currentHarness, findHarness } from '../../src/model/harness.ts'
import type { Networking } from '../../src/wire/types.ts'
import { agentWith } from './agent.ts'

const LIMITED = { type: 'limited', allowed_hosts: [], allow_package_managers: false, allow_mcp_servers: false } as const
const hosts = (count: number) => Array.from({ length: count }, (_, index) => `h${index}.example`)

function workplace(networking?: Networking): string {
  return promptOf(agentWith(), currentHarness, { networking })[0] ?? ''
}

describe('the prompt of an agent', () => {
  test('tells the harness’s part before the agent’s own, and nothing blank', () => {
    expect(promptOf(agentWith(), currentHarness, {})).toEqual([workplace(), 'Be brief.'])
    expect(promptOf(agentWith([], { system: ' ' }), currentHarness, {})).toEqual([workplace()])
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

  test.each<{ name: string; recipe: Workplace['recipe']; says: readonly string[]; not: string }>([
    {
      name: 'files that may come, and what becomes of outputs',
      recipe: undefined,
      says: ['/mnt/session/uploads, which you can read and not change. What you put into /mnt/session/outputs'],
      not: 'Cloned',
    },
    {
      name: 'each file that is there, as it is called',
      recipe: { mounts: [{ path: '/mnt/session/uploads/a b' }, { path: '/mnt/session/uploads/$&{network}' }] },
      says: ['not change: /mnt/session/uploads/a b, /mnt/session/uploads/$&{network}. What'],
      not: 'Cloned',
    },
    {
      name: 'some of many files',
      recipe: { mounts: [{ path: '/mnt/session/uploads/a' }], moreMounts: 7 },
      says: ['not change: /mnt/session/uploads/a, 7 more. What'],
      not: 'Cloned',
    },
    {
      name: 'repositories and where they stand',
      recipe: {
        mounts: [
          { path: '/workspace/r', url: 'https://github.com/o/r', checkout: { type: 'branch', name: 'main' } },
          { path: '/workspace/x', url: 'https://github.com/o/x', checkout: { type: 'commit', sha: 'ab12' } },
          { path: '/workspace/{files}', url: 'https://github.com/o/y', checkout: null },
        ],
      },
      says: [
        'download within seconds. Cloned for you: https://github.com/o/r in /workspace/r (branch main), ' +
          'https://github.com/o/x in /workspace/x (commit ab12), https://github.com/o/y in /workspace/{files}. git fetch',
        'not change. What',
      ],
      not: 'null',
    },
  ])('tells of $name', ({ recipe, says, not }) => {
    const [part = ''] = promptOf(agentWith(), currentHarness, { recipe })
    for (const words of says) expect(part).toContain(words)
    expect(part).not.toContain(not)
  })

  test('names further sandboxes and what each reaches, in a part of its own', () => {
    const hands = {
      gpu: { environment: 'env_2', networking: { ...LIMITED, allowed_hosts: ['$&.example'] } },
      web: { environment: 'env_3', networking: { type: 'unrestricted' as const } },
    }
    const networking = { ...LIMITED, allowed_hosts: [] }
    const [place, part = '', own] = promptOf(agentWith(), currentHarness, { networking, recipe: { hands } })
    expect(place).toBe(workplace(networking))
    expect(part).toMatch(
      /\n- gpu: The sandbox reaches these hosts [^\n]*: \$&\.example\.[^\n]*\n- web: The sandbox reaches public/,
    )
    expect(part).toContain('`environment`')
    expect(part).not.toContain('{')
    expect(own).toBe('Be brief.')
    expect(promptOf(agentWith(), currentHarness, { recipe: { hands: {} } })).toHaveLength(2)
    expect(promptOf(agentWith(), findHarness('longhand-4') ?? currentHarness, { recipe: { hands } })).toHaveLength(2)
  })

  test('says nothing of a sandbox where the tools run on a machine of the user’s', () => {
    const [place = '', own] = promptOf(agentWith(), currentHarness, { selfHosted: true })
    expect(place).toMatch(/^Your tools run on a machine of the user's/)
    for (const ours of ['/workspace', '.outputs', 'sandbox', 'network', 'mounted', '{']) {
      expect(place).not.toContain(ours)
    }
    expect(own).toBe('Be brief.')
  })

  test('is what it was under older harnesses, whatever the network', () => {
    const older = findHarness('longhand-2') ?? currentHarness
    expect(promptOf(agentWith(), older, { networking: { type: 'unrestricted' }, recipe: { moreMounts: 3 } })).toEqual([
      ...older.systemParts,
      'Be brief.',
    ])
  })
})

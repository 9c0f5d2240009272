import { describe, expect, test } from 'vitest'
import { createOpenSession } from '../../src/activities/open.ts'
import type { OpenSession } from '../../src/activities/index.ts'
import { currentHarness } from '../../src/model/harness.ts'
import { createPolicies } from '../../src/policies.ts'
import { createEnvironment } from '../../src/wire/environments.ts'
import { EnvironmentGone, SessionBuried } from '../../src/store/buried.ts'
import type { Configuration, SessionRow, SessionStore } from '../../src/store/sessions.ts'
import type { Agent, Environment } from '../../src/wire/types.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { POLICY_SETTINGS } from '../support/policy-settings.ts'

const validator = createValidator()
const environmentOf = (id: string) => createEnvironment({ name: id }, { id, now: '2026-01-02T12:00:00.000Z' })
const WEB_VERSIONS = { search: 'web_search_20250305', fetch: 'web_fetch_20250910' } as const
const policyFor = createPolicies({ ...POLICY_SETTINGS, runEvents: 30 })
const input: OpenSession = {
  session: 'sesn_byhand1',
  workspace: 'default',
  agent: { model: 'claude-opus-5-5', tools: [{ type: 'agent_toolset_20260401' }] },
  environment: null,
  title: 'by hand',
  metadata: { a: '1' },
}

function pairs(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, '1']))
}

function scene(environments: readonly Environment[] = [], takesFast = true) {
  const agents: Agent[] = []
  const created: { row: SessionRow; configuration: Configuration }[] = []
  const made = environmentOf('env_default')
  const sessions: Pick<SessionStore, 'create'> = {
    async create(row, configuration) {
      if (row.id.endsWith('gone')) throw new SessionBuried(row.id)
      if (row.environmentId.endsWith('gone')) throw new EnvironmentGone(row.environmentId)
      created.push({ row, configuration })
    },
  }
  const { openSession } = createOpenSession({
    policyFor,
    webVersions: () => WEB_VERSIONS,
    takesFast,
    parseAgent: (body) => validator.parseBody('agents.create', body),
    // The activity uses these methods of the stores and no others.
    agents: {
      create: async (_workspace: string, agent: Agent) => void agents.push(agent),
      read: async (_workspace: string, id: string) => agents.find((agent) => agent.id === id) ?? null,
    } as never,
    environments: {
      read: async (_workspace: string, id: string) => environments.find((known) => known.id === id) ?? null,
      ensureDefault: async () => made,
    } as never,
    sessions: sessions as SessionStore,
  })
  return { open: (change: Partial<OpenSession> = {}) => openSession({ ...input, ...change }), agents, created }
}

describe('openSession', () => {
  test('stores the inline agent and lists the session under ids that follow from its own', async () => {
    const { open, agents, created } = scene()
    expect(await open()).toEqual({
      entries: [
        {
          type: 'log.configured',
          configuration: 'cfg_byhand1',
          agent_name: 'agent',
          accounting: policyFor('claude-opus-5-5').accounting,
          takesSystem: true,
        },
      ],
      agentName: 'agent',
      policy: policyFor('claude-opus-5-5'),
    })
    expect(agents).toMatchObject([{ id: 'agent_byhand1', name: 'agent', version: 1 }])
    expect(created).toMatchObject([
      {
        row: {
          id: 'sesn_byhand1',
          status: 'idle',
          environmentId: 'env_default',
          title: 'by hand',
          metadata: { a: '1' },
        },
        configuration: { id: 'cfg_byhand1', harness: currentHarness.id, agent: { id: 'agent_byhand1' } },
      },
    ])
  })

  test('gives the session the hands that its metadata names, and lists none that cannot be had', async () => {
    const { open, created } = scene([environmentOf('env_gpu')])
    const metadata = { 'longhand.hand.gpu': 'env_gpu' }
    await open({ metadata })
    const hands = { gpu: { environment: 'env_gpu', networking: { type: 'unrestricted' } } }
    expect(created).toMatchObject([{ row: { metadata }, configuration: { recipe: { hands } } }])
    await open({ metadata: {} })
    expect(created[1]?.configuration).not.toHaveProperty('recipe')
    for (const [key, value, reason] of [
      ['longhand.hand.gpu', 'env_2', 'no environment env_2 in workspace default'],
      ['longhand.hand.main', 'env_gpu', /^metadata: longhand\.hand\.main: expected a name/],
    ] as const) {
      const refused = open({ metadata: { [key]: value } })
      await expect(refused).rejects.toMatchObject({ type: 'refused', nonRetryable: true })
      await expect(refused).rejects.toThrow(reason)
    }
    expect(created).toHaveLength(2)
  })

  test('has no fast mode where the model’s back end has none, and lists nothing', async () => {
    const agent = { model: { id: 'claude-opus-5-5', speed: 'fast' } }
    const refused = scene([], false)
    await expect(refused.open({ agent })).rejects.toThrow(/^agent\.model\.speed: expected standard/)
    expect(refused.created).toEqual([])
    await expect(scene([], true).open({ agent })).resolves.toMatchObject({ agentName: 'agent' })
  })

  test('finds what its first try stored', async () => {
    const { open, agents } = scene()
    await open()
    await open()
    expect(agents).toHaveLength(1)
  })

  test('takes a named environment', async () => {
    const { open, created } = scene([environmentOf('env_mine')])
    await open({ environment: 'env_mine' })
    expect(created[0]?.row.environmentId).toBe('env_mine')
  })

  test.each<[string, Partial<OpenSession>, RegExp]>([
    ['no agent', { agent: null }, /needs an agent/],
    ['an overlong title', { title: 'x'.repeat(513) }, /title: expected null or a text of at most 512/],
    ['an overlong text in the metadata', { metadata: { a: 'x'.repeat(513) } }, /texts of 512 characters/],
    ['metadata of too many pairs', { metadata: pairs(17) }, /expected at most 16 pairs, got 17/],
    ['an agent without a model', { agent: {} }, /model/],
    [
      'an agent that no session can have yet',
      { agent: { model: 'm', mcp_servers: [{ type: 'url', name: 'a', url: 'https://a.example' }] } },
      /mcp/,
    ],
    ['an environment that is not there', { environment: 'env_other' }, /no environment env_other/],
  ])('refuses %s for good, and says why', async (_, change, message) => {
    await expect(scene().open(change)).rejects.toMatchObject({
      type: 'refused',
      nonRetryable: true,
      message: expect.stringMatching(message),
    })
  })

  test('refuses an archived environment', async () => {
    const { open, created } = scene([{ ...environmentOf('env_old'), archived_at: '2026-01-03T12:00:00.000Z' }])
    const refusal = { type: 'refused', nonRetryable: true, message: expect.stringContaining('env_old is archived') }
    await expect(open({ environment: 'env_old' })).rejects.toMatchObject(refusal)
    expect(created).toEqual([])
  })

  test('keeps the network of its environment, and refuses an agent that lists what it closes', async () => {
    const networking = { type: 'limited', allowed_hosts: ['a.com'], allow_mcp_servers: false } as const
    const config = createEnvironment(
      { name: 'closed', config: { type: 'cloud', networking: { ...networking, allowed_hosts: ['a.com'] } } },
      { id: 'env_closed', now: '2026-01-03T12:00:00.000Z' },
    )
    const { open, created } = scene([config])
    const agentWith = (domain: string) => ({
      model: 'claude-opus-5-5',
      tools: [{ type: 'agent_toolset_20260401', configs: [{ name: 'web_fetch', allowed_domains: [domain] }] }],
    })
    await open({ environment: 'env_closed', agent: agentWith('a.com') })
    expect(created[0]?.configuration.networking).toMatchObject(networking)
    const other = { environment: 'env_closed', session: 'sesn_byhand2', agent: agentWith('b.com') }
    const refusal = { type: 'refused', nonRetryable: true, message: expect.stringContaining('allowed_hosts') }
    await expect(open(other)).rejects.toMatchObject(refusal)
  })

  test('says in log, policy and configuration that the user’s machines run the calls', async () => {
    const own = createEnvironment({ name: 'own', config: { type: 'self_hosted' } }, { id: 'env_own', now: '' })
    const { open, created } = scene([own])
    const { entries, policy } = await open({ environment: 'env_own' })
    for (const said of [entries[0], policy, created[0]?.configuration]) expect(said).toMatchObject({ selfHosted: true })
    expect(created[0]?.configuration).not.toHaveProperty('networking')
  })

  test('refuses an environment that is deleted meanwhile', async () => {
    const { open } = scene([environmentOf('env_gone')])
    const refusal = { type: 'refused', nonRetryable: true, message: expect.stringContaining('no environment env_gone') }
    await expect(open({ environment: 'env_gone' })).rejects.toMatchObject(refusal)
  })

  test('gives up on a session that was deleted', async () => {
    await expect(scene().open({ session: 'sesn_gone' })).rejects.toMatchObject({ type: 'deleted', nonRetryable: true })
  })
})

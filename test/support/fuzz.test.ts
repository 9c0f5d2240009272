import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ApiContext } from '../../src/api/context.ts'
import { ApiError } from '../../src/wire/errors.ts'
import type { Environment } from '../../src/wire/types.ts'
import { AUTHORIZED, createFakeApp, storeAgent, storeSession } from '../api/fakes.ts'
import type { World } from '../api/fakes.ts'
import type { FuzzReport, FuzzTarget } from './fuzz.ts'
import { describeReport, fuzz } from './fuzz.ts'
import type { Stored } from './fuzz-ledger.ts'
import { createRandom } from './fuzz-random.ts'
import { ROUTES } from './fuzz-request.ts'
import { isNode } from './fuzz-sample.ts'

const SEED = 20_261_121

type Defect = (context: ApiContext, world: World) => Partial<ApiContext>
const none: Defect = () => ({})

/** The application over ports in memory, as a server to fuzz, with a defect in it. */
async function startTarget(defect: Defect = none): Promise<FuzzTarget> {
  const made = new Map<string, Environment>()
  const begun = new Map<string, string[]>()
  const { app, world } = createFakeApp((held) => {
    const plain = createFakeApp().context
    const context: ApiContext = {
      ...plain,
      agents: {
        ...plain.agents,
        create: async (_, agent) => {
          held.agents.set(agent.id, agent)
          return agent
        },
        read: async (_, id) => held.agents.get(id) ?? null,
        list: async () => [...held.agents.values()],
      },
      environments: {
        ...plain.environments,
        create: async (_, environment) => {
          made.set(environment.id, environment)
          return environment
        },
        read: async (_, id) => made.get(id) ?? null,
      },
      workflows: {
        ...plain.workflows,
        start: async (id, input) => void begun.set(id, idsOf(input.events)),
        signal: async (session, signal, requestId) => void held.signals.push({ session, signal, requestId }),
      },
    }
    const { agents, environments, workflows } = context
    return { agents, environments, workflows, ...defect(context, held) }
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const agent = storeAgent(world).id
  return {
    url,
    key: AUTHORIZED.authorization.replace('Bearer ', ''),
    secrets: ['the-master-key'],
    prepare: async () => {
      const session = storeSession(world, `sesn_${world.sessions.size}`).id
      return {
        agent: [agent],
        environment: [...made.keys(), 'env_x'],
        session: [session],
        model: ['m'],
        call: ['sevt_none'],
        file: ['file_none'],
        page: ['x'],
        others: ['sesn_none'],
      }
    },
    stored: async () => toStored({ world, made, begun }),
    settled: async () => undefined,
  }
}

function toStored({
  world,
  made,
  begun,
}: {
  world: World
  made: Map<string, Environment>
  begun: Map<string, string[]>
}): Stored {
  const logs = [...world.sessions.keys()].map((id) => {
    const signals = world.signals.filter(({ session }) => session === id)
    const sent = [...(begun.get(id) ?? []), ...signals.flatMap(({ signal }) => idsOf(signal.events))]
    return [id, { sent: new Set(sent), length: sent.length }] as const
  })
  return { ids: new Set([...world.agents.keys(), ...made.keys(), ...world.sessions.keys()]), logs: new Map(logs) }
}

/** A signal may come from anywhere, so its type says nothing of what is in it. */
function idsOf(events: readonly unknown[] = []): string[] {
  return events.map((event) => (isNode(event) ? String(event['id']) : ''))
}

const run = (target: FuzzTarget, requests: number): Promise<FuzzReport> =>
  fuzz(target, { seed: SEED, requests, batch: 150, enough: 1 })

describe('the fuzzer', { timeout: 60_000 }, () => {
  test('finds nothing wrong with an application that has nothing wrong', async () => {
    const report = await run(await startTarget(), 600)
    expect(report.problems).toEqual([])
    expect([...report.statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404]))
    console.log(describeReport(report, SEED))
  })

  const leaks: number[][] = []
  afterAll(() => void leaks.splice(0))
  const defects: readonly { name: string; defect: Defect; says: RegExp }[] = [
    {
      name: 'an input that nobody thought of',
      defect: ({ agents }) => ({
        agents: {
          ...agents,
          create: (workspace, agent) => {
            if (JSON.stringify(agent).includes('日本語')) throw new TypeError('cannot read properties of undefined')
            return agents.create(workspace, agent)
          },
        },
      }),
      says: /status 500 is not documented/,
    },
    {
      name: 'a refusal that tells where the code is',
      defect: () => ({
        sessions: {
          ...createFakeApp().context.sessions,
          read: () => Promise.reject(new ApiError('not_found', 'at /work/src/x.ts:1')),
        },
      }),
      says: /tells what is inside/,
    },
    {
      name: 'a refusal that tells a secret',
      defect: () => ({
        sessions: {
          ...createFakeApp().context.sessions,
          read: () => Promise.reject(new ApiError('not_found', 'the-master-key')),
        },
      }),
      says: /tells a secret/,
    },
    {
      name: 'a refusal of what was stored first',
      defect: ({ workflows }) => ({
        workflows: {
          ...workflows,
          signal: async (...given) => {
            await workflows.signal(...given)
            throw new ApiError('invalid_request', 'no')
          },
        },
      }),
      says: /events more than were acknowledged/,
    },
    {
      name: 'an acknowledgement of what was never stored',
      defect: ({ workflows }) => ({ workflows: { ...workflows, signal: async () => undefined } }),
      says: /was acknowledged and is in no log/,
    },
    {
      name: 'something made that cannot be read',
      defect: ({ environments }) => ({ environments: { ...environments, read: async () => null } }),
      says: /answered 200 and reads as 404/,
    },
    {
      name: 'memory that is never given back',
      defect: ({ agents }) => ({
        agents: {
          ...agents,
          list: async () => {
            leaks.push(Array.from({ length: 100_000 }, (_, index) => index))
            return []
          },
        },
      }),
      says: /the heap grew/,
    },
  ]
  test.each(defects)('finds $name', async ({ defect, says }) => {
    const { problems } = await run(await startTarget(defect), 3_000)
    expect(problems.join('\n')).toMatch(says)
  })

  test('asks for every route that the application has', async () => {
    const { app } = createFakeApp()
    await app.ready()
    const table = ROUTES.map(({ method, path }) => `${method} ${path}`)
    expect(routesIn(app.printRoutes({ commonPrefix: false })).toSorted()).toEqual(table.toSorted())
  })

  test('draws the same for the same seed', () => {
    const draws = (seed: number): number[] => {
      const random = createRandom(seed)
      return Array.from({ length: 20 }, () => random.below(1000))
    }
    expect(draws(7)).toEqual(draws(7))
    expect(draws(7)).not.toEqual(draws(8))
  })
})

/** Routes out of a drawing of the tree of paths: four columns to a level. */
function routesIn(tree: string): string[] {
  const path: string[] = []
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods] = /^((?:│ {3}| {4})*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?/.exec(line) ?? []
    if (part === '') return []
    path.splice(indent.length / 4, path.length)
    path.push(part)
    return (methods ?? '')
      .split(', ')
      .filter(Boolean)
      .map((method) => `${method} ${path.join('')}`)
  })
}

import assert from 'node:assert/strict'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { SessionToolRunner } from '@anthropic-ai/sdk/lib/tools/SessionToolRunner'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { assertWhole } from './whole.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

/** Who is killed while the tool works, step by step; what it has done is posted to a server that lacks that one. */
const KILLS = ['worker', 'api', 'worker', 'api', 'worker'] as const

export interface RunCalls {
  /** Calls of the program's own tool, which the runner did and posted. */
  readonly custom: number
  /** Calls of the server's tool that a person was asked about beside them. */
  readonly allowed: number
  readonly denied: number
  readonly kills: number
  readonly runs: number
}

/**
 * Lets the SDK's own tool runner settle the custom calls of a session, one a step, while worker and api are killed in turn
 * under it, and a person answers for the command that every step asks to run beside it. Rejects when a call is lost,
 * run twice, run without an allow or refused, when the runner is not told a verdict, or when the log is not sound.
 */
export async function runToolsThroughKills(yard: Yard): Promise<RunCalls> {
  const client = yard.client.withOptions({ logLevel: 'off' })
  const id = await createAsker(yard)
  const words = KILLS.map((name, index) => `${name} ${index}`)
  const steps = words.flatMap((word) => [
    'PARALLEL 2',
    `TOOL lookup ${JSON.stringify({ word })}`,
    `TOOL bash ${JSON.stringify({ command: `echo ${word} >> ledger` })}`,
  ])
  const sent = await yard.send(id, ['#program', ...steps, 'SAY done'].join('\n'))
  const ran: string[] = []
  const restarts: Promise<void>[] = []
  const lookup = betaTool({
    name: 'lookup',
    description: 'Looks a word up.',
    inputSchema: SCHEMA,
    async run({ word }) {
      ran.push(word)
      const { isBack } = await yard.kill(word.startsWith('api') ? 'api' : 'worker')
      restarts.push(isBack)
      return `meaning of ${word}`
    },
  })
  const answering = answerAsked(yard, id, words.length)
  const posted: boolean[] = []
  const verdicts = new Map<string, 'allow' | 'deny' | undefined>()
  for await (const call of new SessionToolRunner(id, { client, tools: [lookup], maxIdleMs: 1000 })) {
    if (call.name === 'lookup') posted.push(call.posted)
    // A call that is another's the runner tells of again with each stream that it opens.
    else verdicts.set(call.toolUseId, call.confirmation)
  }
  const answered = await answering
  await Promise.all(restarts)
  await until(async () => (await client.beta.sessions.retrieve(id)).status === 'idle')
  const events = await yard.list(id)
  assertWhole(events, [[sent]])
  assert.deepEqual(faultsOfLog(events, 'list'), [])
  assert.deepEqual(ran, words, 'each call ran once')
  assert.deepEqual(
    posted,
    words.map(() => true),
    'each result was taken',
  )
  assert.equal(events.filter(({ type }) => type === 'user.custom_tool_result').length, words.length)
  assert.deepEqual(verdicts, answered, 'the runner was told every verdict')
  const wanted = words.filter((_, step) => verdictOf(step) === 'allow')
  const ledger = (await yard.look(id, 'cat ledger')) ?? ''
  assert.deepEqual(ledger.trim().split('\n'), wanted, 'what was allowed ran, once, in order, and nothing else')
  assert.match(JSON.stringify(events.findLast(({ type }) => type === 'agent.message')), /done/)
  let runs = 0
  await until(async () => (runs = await yard.archivedRuns(id)) > 1)
  const [allowed, custom, kills] = [wanted.length, words.length, KILLS.length]
  return { custom, allowed, denied: words.length - allowed, kills, runs: runs + 1 }
}

const SCHEMA = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } as const

/** A session of an agent that asks before every command and has a tool of its program's own. */
async function createAsker({ client: { beta } }: Yard): Promise<string> {
  const agent = await beta.agents.create({
    name: 'asker',
    model: 'claude-opus-5-5',
    tools: [
      { type: 'agent_toolset_20260401', default_config: { permission_policy: { type: 'always_ask' } } },
      {
        type: 'custom',
        name: 'lookup',
        description: 'Looks a word up.',
        input_schema: { ...SCHEMA, required: ['word'] },
      },
    ],
  })
  const environment = await beta.environments.create({ name: `tools ${agent.id}` })
  return (await beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id
}

/** Answers so many asked calls as they appear, whatever else is going on. Resolves with the verdicts by call. */
async function answerAsked(yard: Yard, session: string, count: number): Promise<Map<string, 'allow' | 'deny'>> {
  const verdicts = new Map<string, 'allow' | 'deny'>()
  while (verdicts.size < count) {
    let asked: SessionEvent | undefined
    await until(async () => {
      const events = await yard.list(session)
      asked = events.find((event) => event.type === 'agent.tool_use' && !verdicts.has(event.id))
      return asked !== undefined
    })
    const call = asked?.id ?? ''
    const result = verdictOf(verdicts.size)
    verdicts.set(call, result)
    await yard.client.beta.sessions.events.send(session, {
      events: [{ type: 'user.tool_confirmation', tool_use_id: call, result }],
    })
  }
  return verdicts
}

function verdictOf(step: number): 'allow' | 'deny' {
  return step % 2 === 0 ? 'allow' : 'deny'
}

import assert from 'node:assert/strict'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { faultsOfLog } from '../support/log-grammar.ts'
import { assertWhole } from './whole.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

/** Who is killed while the tool works, by the number of the call; the last one is posted to an api that is gone. */
const KILLS = ['worker', 'api', 'worker', 'api'] as const

/**
 * Lets the SDK's own tool runner settle the calls of a session, one a step, while worker and api are killed in turn under
 * it. Rejects when a call is lost, run twice or refused, or when the log is not sound. Answers how many calls there
 * were.
 */
export async function runToolsThroughKills(yard: Yard): Promise<number> {
  const { beta } = yard.client.withOptions({ logLevel: 'off' })
  const schema = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } as const
  const agent = await beta.agents.create({
    name: 'asker',
    model: 'claude-opus-5-5',
    tools: [
      {
        type: 'custom',
        name: 'lookup',
        description: 'Looks a word up.',
        input_schema: { ...schema, required: ['word'] },
      },
    ],
  })
  const environment = await beta.environments.create({ name: `tools ${agent.id}` })
  const { id } = await beta.sessions.create({ agent: agent.id, environment_id: environment.id })
  const words = KILLS.map((name, index) => `${name} ${index}`)
  const sent = await yard.send(
    id,
    ['#program', ...words.map((word) => `TOOL lookup ${JSON.stringify({ word })}`), 'SAY done'].join('\n'),
  )
  const ran: string[] = []
  const restarts: Promise<void>[] = []
  const lookup = betaTool({
    name: 'lookup',
    description: 'Looks a word up.',
    inputSchema: schema,
    async run({ word }) {
      ran.push(word)
      const { isBack } = await yard.kill(word.startsWith('api') ? 'api' : 'worker')
      restarts.push(isBack)
      return `meaning of ${word}`
    },
  })
  const posted: boolean[] = []
  for await (const call of beta.sessions.events.toolRunner(id, { tools: [lookup], maxIdleMs: 1000 })) {
    posted.push(call.posted)
  }
  await Promise.all(restarts)
  await until(async () => (await beta.sessions.retrieve(id)).status === 'idle')
  const events = await yard.list(id)
  assertWhole(events, [[sent]])
  assert.deepEqual(faultsOfLog(events, 'list'), [])
  assert.deepEqual(ran, words, 'each call ran once')
  assert.deepEqual(
    posted,
    words.map(() => true),
    'each result was taken',
  )
  const results = events.filter(({ type }) => type === 'user.custom_tool_result')
  assert.equal(results.length, words.length)
  assert.match(JSON.stringify(events.findLast(({ type }) => type === 'agent.message')), /done/)
  return results.length
}

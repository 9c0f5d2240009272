import { toFile } from '@anthropic-ai/sdk'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { LogEntry } from '../../src/session/transcript.ts'
import { bash, only, program, record } from './drive.ts'
import { useResourceStack } from './resource-stack.ts'

const use = useResourceStack()
const LONG = { timeout: 120_000 }
const RECEIPT = /^\[This is a new sandbox \(generation (\d+)\); the one before it was lost\.\n/

async function createWithFile(text: string): Promise<string> {
  const { stack, create } = use()
  const { id } = await stack.sdk.beta.files.upload({ file: await toFile(Buffer.from(text), 'data.csv') })
  return (await create([{ type: 'file', file_id: id, mount_path: '/data.csv' }])).id
}

/** Ends the session's sandbox from outside. */
async function kill(session: string): Promise<void> {
  const { stack, sandboxes } = use()
  const row = await stack.stores.bindings.current(session)
  if (row === null) throw new Error('expected a sandbox')
  await sandboxes.kill(row)
  await expect.poll(async () => (await sandboxes.provider.attach(row)) === null).toBe(true)
}

/** What the log says of the session's sandboxes. */
async function provisioned(session: string): Promise<readonly LogEntry[]> {
  const { log } = use().stack
  const view = await log.read(session)
  const items = await log.slice(view, { order: 'asc', limit: 100, audience: 'model', types: ['log.provisioned'] })
  return items.flatMap(({ says }) => (says ? [says] : []))
}

describe('a sandbox that is lost', () => {
  test('is rebuilt from the log alone', LONG, async () => {
    const { stack, run } = use()
    const session = await createWithFile('a,b,c')
    const look = 'cat /mnt/session/uploads/data.csv; ls -A'
    expect(await run(session, 'echo made > here', look)).toEqual(['(no output)', 'a,b,chere'])
    expect(await provisioned(session)).toEqual([
      { type: 'log.provisioned', hand: 'main', generation: 1, provider: 'local', supplies: 1, told: true },
    ])
    await kill(session)
    for (const table of ['session_resources', 'session_outputs'])
      await sql`delete from ${sql.table(table)} where session_id = ${session}`.execute(stack.database)
    await stack.restartWorkers()
    const [first, second] = await run(session, look, look)
    expect(first).toMatch(RECEIPT)
    expect(first).toContain('\nRestored: nothing of /workspace (there was no copy); 1 file in /mnt/session/uploads.\n')
    expect(first).toMatch(/\n\na,b,c$/)
    expect(second).toBe('a,b,c')
    expect(await provisioned(session)).toMatchObject([{ generation: 1 }, { generation: 2, supplies: 1, told: true }])
    expect((await stack.log.read(session)).state.hands).toMatchObject({ main: { known: 2 } })
  })

  test('is told of with the next result when the first one does not count', LONG, async () => {
    const { stack, run } = use()
    const { sdk } = stack
    const session = await createWithFile('x')
    await run(session, 'true')
    await kill(session)
    const recording = await record(sdk, session)
    await sdk.beta.sessions.events.send(session, { events: [program(bash('touch begun; sleep 600'), 'SAY never')] })
    await expect
      .poll(async () => (await stack.stores.bindings.current(session))?.generation, { timeout: 30_000 })
      .toBe(2)
    await sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    expect(only(recording.events, 'agent.tool_result').map(({ content }) => content)).toEqual([
      [{ type: 'text', text: expect.not.stringMatching(RECEIPT) }],
    ])
    expect((await stack.log.read(session)).state.hands).toMatchObject({ main: { known: 1 } })
    const [first, second] = await run(session, 'true', 'true')
    expect(RECEIPT.exec(first ?? '')?.[1]).toBe('2')
    expect(second).toBe('(no output)')
  })

  test('is told of by all calls that come at once, and by none that comes later', LONG, async () => {
    const { stack, run } = use()
    const session = await createWithFile('x')
    await run(session, 'true')
    await kill(session)
    const { sdk } = stack
    const recording = await record(sdk, session)
    const calls = [1, 2, 3].map((n) => bash(`echo ${n}`))
    await sdk.beta.sessions.events.send(session, { events: [program('PARALLEL 3', ...calls, 'SAY done')] })
    await recording.until('session.status_idle')
    const texts = only(recording.events, 'agent.tool_result').map(({ content }) => content?.[0])
    expect(texts).toHaveLength(3)
    for (const block of texts) expect(block).toMatchObject({ text: expect.stringMatching(RECEIPT) })
    expect(await run(session, 'true')).toEqual(['(no output)'])
  })
})

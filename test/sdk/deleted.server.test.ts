import { toFile } from '@anthropic-ai/sdk'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SweeperPorts } from '../../src/activities/sweeper.ts'
import { sweep } from '../../src/activities/sweeper.ts'
import { createCollector } from '../../src/hands/collector.ts'
import { clearAway, tend } from '../../src/hands/keeper.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { copyRun } from '../../src/history/copy.ts'
import { createHistorySource, isNotFound } from '../../src/history/source.ts'
import { createCopyStore } from '../../src/keeping.ts'
import { createOutputShelf } from '../../src/output-shelf.ts'
import { createStock } from '../../src/stock.ts'
import { createSweeperPorts } from '../../src/sweeping.ts'
import { useLocalSandboxes } from '../hands/local-sandboxes.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import { bash, listAll, message, program, refused, turn } from './drive.ts'

/** Temporal lists, and removes what it was told to, in its own time: half a minute, when runs have just ended. */
const POLL = { timeout: 100_000, interval: 500 }
const sandboxes = useLocalSandboxes()
let use: { readonly stack: Stack; readonly agent: string; readonly environment: string }
let hands: SandboxHands
let sweeper: SweeperPorts

beforeAll(async () => {
  const policy = { run: { events: 20, signals: 1_000, bytes: 2 * 1024 * 1024 } }
  const stack = await startStack({ hands: { execute: (...call) => hands.execute(...call) }, policy })
  use = { stack, ...(await stack.prepare()) }
  const { stores, blobs, contents, temporal, log: sessionLog } = stack
  hands = createSandboxHands({
    provider: sandboxes.provider,
    bindings: stores.bindings,
    stores: { stock: createStock(stores, contents), ledger: stores.ledger, keepsCopies: true },
    log: silentLog,
  })
  const source = createHistorySource(temporal.workflow)
  const parts = { database: stack.database, stores, blobs, contents, temporal, sessionLog, hands, log: silentLog }
  sweeper = createSweeperPorts({ ...parts, copy: (session, id) => copyRun(source, session, id) })
})
afterAll(() => use.stack[Symbol.asyncDispose]())

interface Lived {
  readonly id: string
  readonly file: string
  readonly runs: readonly string[]
}

/**
 * A session with a trace everywhere: several runs, some in the archive, blobs, a file in a message, a mounted one and one
 * that it made, a token, a sandbox, answered requests.
 */
async function live(): Promise<Lived> {
  const { sdk, temporal, stores, blobs } = use.stack
  const { id: file } = await sdk.beta.files.upload({ file: await toFile(Buffer.from('kept'), 'a.txt') })
  const { id } = await sdk.beta.sessions.create({
    agent: use.agent,
    environment_id: use.environment,
    resources: [
      { type: 'file', file_id: file },
      { type: 'github_repository', url: 'https://github.com/octo/repo', authorization_token: 'ghp_token' },
    ],
  })
  const source = { type: 'file', file_id: file } as const
  await turn(sdk, id, { type: 'user.message', content: [{ type: 'document', source }] })
  await turn(sdk, id, message('x'.repeat(100_000)))
  for (const name of ['one', 'two', 'three'])
    await turn(sdk, id, program(bash(`echo ${name} > /mnt/session/outputs/${name}`), 'SAY done'))
  await collectOutputs(id)
  await expect.poll(() => stores.archive.runs(id, 1).then((runs) => runs.length), POLL).toBeGreaterThan(1)
  expect(await blobs.list(id)).toHaveLength(2)
  expect(await sandboxesOf(id)).toHaveLength(1)
  const runs: string[] = []
  const listed = async (): Promise<number> => {
    runs.splice(0)
    for await (const { runId } of temporal.workflow.list({ query: `WorkflowId = '${id}'` })) runs.push(runId)
    return runs.length
  }
  await expect.poll(listed, POLL).toBeGreaterThan(2)
  return { id, file, runs }
}

async function collectOutputs(session: string): Promise<void> {
  const { stores, contents } = use.stack
  const row = await stores.bindings.current(session)
  const cargo = row && (await sandboxes.provider.cargo(row))
  const collect = createCollector({ shelf: createOutputShelf({ stores, contents }), log: silentLog })
  expect(row && cargo && (await collect(row, cargo, { last: true }))).toBe(true)
}

/** What the keeper of the host does, once. */
async function look(): Promise<void> {
  const { stores, contents } = use.stack
  const pass = {
    provider: sandboxes.provider,
    hosts: [{ host: 'here', provider: 'local' }],
    ledger: stores.ledger,
    openCalls: async () => null,
    copies: createCopyStore(stores.files, contents),
    exclusively: async () => true,
    settings: { idleMs: 0, mostCopied: 0 },
    log: silentLog,
    refusals: new Map<string, number>(),
    unheard: new Map<string, number>(),
    signal: new AbortController().signal,
    now: Date.now(),
  }
  await clearAway(pass)
  await tend(pass)
}

async function sandboxesOf(session: string): Promise<readonly string[]> {
  const listed = await sandboxes.provider.list()
  return listed.filter(({ sessionId }) => sessionId === session).map(({ reference }) => reference)
}

/** The rows that name the session, whatever the columns of their tables are, by their tables. */
async function rowsThatName(session: string): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const { database } = use.stack
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public' order by 1
  `.execute(database)
  const named = await Promise.all(
    tables.map(async ({ name }) => {
      const one = sql`select one.* from ${sql.table(name)} as one where one::text like ${`%${session}%`}`
      const { rows } = await one.execute(database)
      return rows.length > 0 ? [[name, rows] as const] : []
    }),
  )
  return Object.fromEntries(named.flat())
}

/** Runs whose history Temporal still has. */
async function historiesOf({ id: workflowId, runs }: Lived): Promise<readonly string[]> {
  const { workflowService } = use.stack.temporal
  const found = await Promise.all(
    runs.map(async (runId) => {
      const execution = { workflowId, runId }
      const asked = workflowService.getWorkflowExecutionHistory({ namespace: 'default', execution })
      return asked.then(
        () => [runId],
        (error: unknown) => (isNotFound(error) ? [] : Promise.reject(error)),
      )
    }),
  )
  return found.flat()
}

const TRACES = [
  'archived_items',
  'archived_runs',
  'call_bindings',
  'configurations',
  'files',
  'ingress',
  'resource_secrets',
  'sandboxes',
  'session_outputs',
  'session_resources',
  'sessions',
]
async function expectNothingLeft(lived: Lived): Promise<void> {
  const { sdk, blobs, stores } = use.stack
  const { id } = lived
  // The request that made the session is known for two days, so that its repetition makes no other one.
  const left = { ingress: [expect.objectContaining({ target: 'sessions' })], tombstones: [expect.anything()] }
  expect(await rowsThatName(id)).toEqual(left)
  await expect.poll(() => historiesOf(lived), POLL).toEqual([])
  expect(await blobs.list(id)).toEqual([])
  expect(await blobs.sessions()).not.toContain(id)
  expect(await sandboxesOf(id)).toEqual([])
  expect(await refused(listAll(sdk, id))).toMatchObject({ status: 404 })
  // What was uploaded is the user's own.
  expect(await sdk.beta.files.retrieveMetadata(lived.file)).toMatchObject({ filename: 'a.txt' })
  await stores.ingress.prune(new Date(Date.now() + 60_000))
  expect(Object.keys(await rowsThatName(id))).toEqual(['tombstones'])
}

describe('a session', () => {
  test('that is deleted leaves nothing but its tombstone, and its uploaded files', { timeout: 200_000 }, async () => {
    const lived = await live()
    const other = await live()
    expect(Object.keys(await rowsThatName(lived.id))).toEqual(TRACES)
    const before = await listAll(use.stack.sdk, other.id)
    await use.stack.sdk.beta.sessions.delete(lived.id)
    await sweep(sweeper, Date.now())
    await expectNothingLeft(lived)
    const after = await rowsThatName(lived.id)
    await sweep(sweeper, Date.now())
    expect(await rowsThatName(lived.id)).toEqual(after)
    expect(await listAll(use.stack.sdk, other.id)).toEqual(before)
    expect(await sandboxesOf(other.id)).toHaveLength(1)
  })

  test(
    'that is archived loses its sandbox alone, and goes whole when it is deleted',
    { timeout: 200_000 },
    async () => {
      const lived = await live()
      const { sdk, stores, blobs } = use.stack
      await sdk.beta.sessions.archive(lived.id)
      const events = await listAll(sdk, lived.id)
      await look()
      expect(await sandboxesOf(lived.id)).toEqual([])
      expect((await stores.ledger.all()).map(({ row }) => row.sessionId)).not.toContain(lived.id)
      expect(await listAll(sdk, lived.id)).toEqual(events)
      expect(await blobs.list(lived.id)).toHaveLength(2)
      await sdk.beta.sessions.delete(lived.id)
      await sweep(sweeper, Date.now())
      await expectNothingLeft(lived)
    },
  )
})

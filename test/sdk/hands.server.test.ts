import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectDoors } from '../../src/doors.ts'
import type { HostDoors } from '../../src/doors.ts'
import { createLocalProvider } from '../../src/hands/local.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import type { ListedSandbox, SandboxProvider } from '../../src/hands/sandbox.ts'
import { toolDefinitions } from '../../src/hands/tools/definitions.ts'
import { createPermitOf } from '../../src/permits.ts'
import { createStock } from '../../src/stock.ts'
import { newWorkspace } from '../store/builders.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import { uniqueName } from '../support/temporal.ts'
import { outputsIn, program, refused, turn } from './drive.ts'

const LONG = { timeout: 90_000 }

let data = ''
let stack: Stack
let hands: SandboxHands
let provider: SandboxProvider
let doors: HostDoors
let attending: Promise<void>
let agent = ''
let near = ''
let far = ''
const stopping = new AbortController()

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'longhand-several-'))
  stack = await startStack({ hands: { execute: (...call) => hands.execute(...call) } })
  const { stores, contents, secrets: box } = stack
  const permitOf = createPermitOf({ ...stores, box, github: 'https://github.com', log: silentLog })
  doors = connectDoors({ data }, { permitOf, versionsOf: async () => new Map(), log: silentLog })
  attending = doors.attend(stopping.signal)
  provider = createLocalProvider({ folder: join(data, 'sandboxes'), doors })
  hands = createSandboxHands({
    provider,
    bindings: stores.bindings,
    stores: { stock: createStock(stores, contents), ledger: stores.ledger, keepsCopies: true },
    log: silentLog,
  })
  agent = (await stack.prepare()).agent
  near = await environmentFor('near.test')
  far = await environmentFor('far.test')
}, LONG.timeout)

afterAll(async () => {
  for (const row of await provider.list()) await provider.destroy(row)
  stopping.abort()
  await attending
  await doors.end()
  await stack[Symbol.asyncDispose]()
  await rm(data, { recursive: true, force: true })
}, LONG.timeout)

async function environmentFor(host: string): Promise<string> {
  const networking = { type: 'limited' as const, allowed_hosts: [host] }
  const name = uniqueName('environment')
  return (await stack.sdk.beta.environments.create({ name, config: { type: 'cloud', networking } })).id
}

function begin(metadata: Record<string, string> = { 'longhand.hand.gpu': far }, environment = near) {
  return stack.sdk.beta.sessions.create({ agent, environment_id: environment, metadata })
}

/** A call of bash in the hand that is named, if one is. */
function bash(command: string, environment?: string): string {
  return `TOOL bash ${JSON.stringify({ command, ...(environment === undefined ? {} : { environment }) })}`
}

/** What the calls of one turn came to. */
async function run(session: string, ...lines: readonly string[]): Promise<readonly string[]> {
  return outputsIn(await turn(stack.sdk, session, program(...lines, 'SAY done')))
}

/** Sandboxes of a session by their hands. */
async function sandboxesOf(session: string): Promise<ReadonlyMap<string, ListedSandbox>> {
  return new Map((await provider.list(session)).map((row) => [row.hand ?? 'main', row]))
}

async function kill(row: ListedSandbox | undefined): Promise<void> {
  const file = join(data, 'sandboxes', 'generations', row?.reference ?? '', 'process.json')
  const { pid } = JSON.parse(await readFile(file, 'utf8')) as { readonly pid: number }
  process.kill(pid, 'SIGKILL')
}

describe('a session with two hands', () => {
  test('works in both, each with files and a network of its own', LONG, async () => {
    const { id, metadata } = await begin()
    expect(metadata).toEqual({ 'longhand.hand.gpu': far })
    const ask = 'curl -sS http://other.test/'
    const [first, second, third] = await run(
      id,
      bash(`echo here > a; ls; ${ask}`),
      bash(`ls -A; ${ask}`, 'gpu'),
      bash('ls', 'main'),
    )
    expect(first).toMatch(/^a\n[^]*It allows near\.test\./)
    expect(second).toMatch(/^[^\n]*It allows far\.test\./)
    expect(third).toBe('a')
    expect([...(await sandboxesOf(id)).keys()].toSorted()).toEqual(['gpu', 'main'])
  })

  test('tells its model which there are, and one without further hands nothing of that', LONG, async () => {
    const { id } = await begin()
    await run(id)
    const { id: plain } = await begin({ team: 'a' })
    await run(plain)
    const [several, single] = stack.model.requests.slice(-2).map(({ body }) => body as Anthropic.MessageCreateParams)
    const own = { type: 'string', enum: ['main', 'gpu'], description: expect.any(String) }
    expect(toolsOf(several)).toEqual(toolsOf(single).map(([name, fields]) => [name, { ...fields, environment: own }]))
    expect(toolsOf(single)).toEqual(toolDefinitions.map(({ name, input_schema }) => [name, input_schema.properties]))
    const further = expect.stringMatching(/\n- gpu: The sandbox reaches these hosts [^\n]*: far\.test\./)
    expect(textsOf(single)).toHaveLength(1)
    expect(textsOf(several)).toEqual([...textsOf(single), further])
  })

  function textsOf(request: Anthropic.MessageCreateParams | undefined): readonly string[] {
    const { system = [] } = request ?? {}
    return typeof system === 'string' ? [system] : system.map(({ text }) => text)
  }

  /** Those that run in sandboxes, with the fields that they take. */
  function toolsOf(request: Anthropic.MessageCreateParams | undefined): readonly (readonly [string, object])[] {
    return (request?.tools ?? []).flatMap((tool) =>
      'input_schema' in tool ? [[tool.name, tool.input_schema.properties as object] as const] : [],
    )
  }

  test('makes calls in both at once', LONG, async () => {
    const { id } = await begin()
    const results = await run(
      id,
      'PARALLEL 2',
      bash('sleep 0.3; echo one > f; cat f'),
      bash('echo two > f; cat f', 'gpu'),
    )
    expect(results.toSorted()).toEqual(['one', 'two'])
    expect(await run(id, bash('cat f'), bash('cat f', 'gpu'))).toEqual(['one', 'two'])
  })

  test('is told of the one that is lost, and goes on in the other', LONG, async () => {
    const { id } = await begin()
    await run(id, bash('echo one > f'), bash('echo two > f', 'gpu'))
    await kill((await sandboxesOf(id)).get('gpu'))
    const [main, gpu, again] = await run(id, bash('cat f'), bash('ls', 'gpu'), bash('ls', 'gpu'))
    expect(main).toBe('one')
    expect(gpu).toMatch(/^\[This is a new sandbox \(gpu, generation 2\); the one before it was lost/)
    expect(again).toBe('(no output)')
    const generations = [...(await sandboxesOf(id)).values()].map(({ generation }) => generation)
    expect(new Set(generations)).toEqual(new Set([1, 2]))
  })

  test('reads that a name is none of its hands’, and nothing is made for it', LONG, async () => {
    const { id } = await begin()
    const words = 'bash: expected environment to be one of main, gpu, got "web"'
    expect(await run(id, bash('echo x', 'web'))).toEqual([words])
    const { id: plain } = await begin({})
    expect(await run(plain, bash('echo x', 'gpu'))).toEqual([expect.stringMatching(/^bash: environment is not known/)])
    expect([...(await sandboxesOf(id)), ...(await sandboxesOf(plain))]).toEqual([])
  })

  test('keeps its environments, and leaves nothing when it is deleted', LONG, async () => {
    const gpu = await environmentFor('gone.test')
    const { id } = await begin({ 'longhand.hand.gpu': gpu })
    await run(id, bash('echo x', 'gpu'), bash('echo x'))
    expect(await refused(stack.sdk.beta.environments.delete(gpu))).toMatchObject({ status: 400 })
    expect((await doors.names()).filter((name) => name.startsWith(id))).toHaveLength(2)
    await stack.sdk.beta.sessions.delete(id)
    await stack.stores.sessions.clear(id)
    await hands.destroySession(id)
    expect(await sandboxesOf(id)).toEqual(new Map())
    expect((await doors.names()).filter((name) => name.startsWith(id))).toEqual([])
    expect(await stack.sdk.beta.environments.delete(gpu)).toMatchObject({ id: gpu })
  })
})

describe('hands that are asked for', () => {
  const five = () => Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`longhand.hand.${name}`, far]))

  test.each<[string, () => Promise<Record<string, string>> | Record<string, string>, number, RegExp]>([
    ['a fifth one', five, 400, /longhand\.hand\.\*: expected at most 4, got 5/],
    ['one with a name that none can have', () => ({ 'longhand.hand.Web-1': far }), 400, /expected a name of 1 to 16/],
    ['the main one', () => ({ 'longhand.hand.main': far }), 400, /which every session has/],
    ['one under a key that means nothing', () => ({ 'longhand.hands': far }), 400, /has no meaning here/],
    [
      'one in an environment that is not there',
      () => ({ 'longhand.hand.x': 'env_none' }),
      404,
      /No environment env_none/,
    ],
    ['one in an environment of another workspace', foreign, 404, /No environment/],
    ['one in an archived environment', archived, 400, /is archived/],
    ['one in a self-hosted environment', selfHosted, 400, /has no sandboxes of ours/],
  ])('are refused: %s', async (_, metadata, status, message) => {
    const error = await refused(begin(await metadata()))
    expect(error).toMatchObject({ status, message: expect.stringMatching(message) })
  })

  test('are refused of a session whose own environment is the user’s', async () => {
    const mine = Object.values(await selfHosted())[0]
    expect(await refused(begin({ 'longhand.hand.x': far }, mine))).toMatchObject({
      status: 400,
      message: expect.stringMatching(/has no sandboxes of ours/),
    })
  })

  test.each([{ 'longhand.hand.gpu': null }, { 'longhand.hand.web': 'env_1' }, { 'longhand.typo': 'x' }])(
    'stay as they were given: %j',
    async (metadata) => {
      const { id } = await begin()
      expect(await refused(stack.sdk.beta.sessions.update(id, { metadata }))).toMatchObject({
        status: 400,
        error: { error: { details: { error_code: 'invalid_metadata' } } },
      })
      const same = { 'longhand.hand.gpu': far, team: 'a' }
      expect((await stack.sdk.beta.sessions.update(id, { metadata: same })).metadata).toEqual(same)
    },
  )

  async function foreign() {
    const workspace = await newWorkspace(stack.stores)
    const own = await stack.stores.environments.read('default', far)
    if (!own) throw new Error('expected the environment')
    const id = uniqueName('env').replaceAll('-', '')
    await stack.stores.environments.create(workspace, { ...own, id })
    return { 'longhand.hand.x': id }
  }

  async function archived() {
    const id = await environmentFor('old.test')
    await stack.sdk.beta.environments.archive(id)
    return { 'longhand.hand.x': id }
  }

  async function selfHosted() {
    const name = uniqueName('environment')
    const { id } = await stack.sdk.beta.environments.create({ name, config: { type: 'self_hosted' } })
    return { 'longhand.hand.x': id }
  }
})

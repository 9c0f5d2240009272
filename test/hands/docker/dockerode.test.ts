import { describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/hands/docker/engine.ts'
import { createEngine } from '../../../src/hands/docker/dockerode.ts'
import { HandsUnavailable } from '../../../src/hands/hands.ts'
import type { FakeAnswer } from './fake-daemon.ts'
import { startFakeDaemon } from './fake-daemon.ts'

const missing = { status: 404, body: { message: 'No such container: c' } }
const broken = { status: 500, body: { message: 'no space left on device' } }
const running = {
  Id: 'c',
  Created: 'm',
  Image: 'sha256:i',
  State: { Status: 'running', StartedAt: 't', FinishedAt: 'f', ExitCode: 0 },
  Config: { Labels: { a: 'b' } },
}
const request = { argv: ['true'], user: '1000:1000', folder: '/' }

const defaults = { User: '', WorkingDir: '', Env: [], Entrypoint: [], Cmd: [] }
const newImage = { repo: 'r', tag: 't', labels: {}, defaults }
const image = { Id: 'sha256:i', Size: 5, RepoTags: null, Config: { Labels: null, Cmd: ['sh'] } }

const questions: readonly (readonly [string, (engine: Engine) => Promise<unknown>])[] = [
  ['info', (engine) => engine.info()],
  ['hasImage', (engine) => engine.hasImage('i')],
  ['create', (engine) => engine.create('n', {})],
  ['start', (engine) => engine.start('c')],
  ['find', (engine) => engine.find('c')],
  ['list', (engine) => engine.list('l')],
  ['remove', (engine) => engine.remove('c')],
  ['orphans', (engine) => engine.orphans('l')],
  ['removeVolume', (engine) => engine.removeVolume('v')],
  ['usage', (engine) => engine.usage('c')],
  ['putArchive', (engine) => engine.putArchive('c', '/', Buffer.alloc(0))],
  ['image', (engine) => engine.image('i')],
  ['commit', (engine) => engine.commit('c', newImage)],
  ['nameImage', (engine) => engine.nameImage('i', { repo: 'r', tag: 't' })],
  ['images', (engine) => engine.images('l')],
  ['removeImage', (engine) => engine.removeImage('i')],
  ['logs', (engine) => engine.logs('c')],
]

const patience = { shortMs: 2_000, longMs: 2_000 }

async function ask<T>(
  answers: readonly FakeAnswer[],
  question: (engine: Engine) => Promise<T>,
  more: { readonly lookMs?: number } = {},
) {
  await using daemon = await startFakeDaemon(answers)
  const engine = createEngine({ socketPath: daemon.socketPath, patience: { ...patience, ...more } })
  const outcome = await question(engine).catch((error: unknown) => error)
  return { outcome, requests: daemon.requests }
}

describe('a daemon', () => {
  test.each(questions)('that refuses %s makes the hands unavailable, in its own words', async (_, question) => {
    const { outcome } = await ask([broken], question)
    expect(outcome).toBeInstanceOf(HandsUnavailable)
    expect(String(outcome)).toMatch(/Docker refused [a-z ]+: no space left on device/)
  })

  test.each([...questions, ['exec', (engine: Engine) => engine.exec('c', request)] as const])(
    'that breaks off during %s makes the hands unavailable',
    async (_, question) => {
      const { outcome } = await ask([null], question)
      expect(outcome).toBeInstanceOf(HandsUnavailable)
      expect(String(outcome)).toContain('Docker does not answer')
    },
  )

  test.each(questions)('that is silent about %s makes the hands unavailable, and is left', async (_, question) => {
    await using daemon = await startFakeDaemon(['silence'])
    const engine = createEngine({ socketPath: daemon.socketPath, patience: { shortMs: 100, longMs: 100 } })
    await expect(question(engine)).rejects.toThrow(HandsUnavailable)
    // A connection left open would keep a command from ending.
    await expect.poll(() => daemon.connections()).toBe(0)
  })

  test('that is not there makes the hands unavailable', async () => {
    const engine = createEngine({ socketPath: '/nonexistent/docker.sock' })
    await expect(engine.find('c')).rejects.toThrow(HandsUnavailable)
    await expect(engine.exec('c', request)).rejects.toThrow(/Docker does not answer: .*ENOENT/)
  })

  const answers: readonly (readonly [string, readonly FakeAnswer[], (engine: Engine) => Promise<unknown>, unknown])[] =
    [
      ['an image that is missing', [missing], (engine) => engine.hasImage('i'), false],
      [
        'a name that is taken',
        [{ status: 409, body: { message: 'in use' } }],
        (engine) => engine.create('n', {}),
        null,
      ],
      ['a container that runs already', [{ status: 304 }], (engine) => engine.start('c'), true],
      ['a start of what is gone', [missing], (engine) => engine.start('c'), false],
      ['a look for what is gone', [missing], (engine) => engine.find('c'), null],
      [
        'a look',
        [{ status: 200, body: running }],
        (engine) => engine.find('c'),
        {
          id: 'c',
          status: 'running',
          createdAt: 'm',
          startedAt: 't',
          finishedAt: 'f',
          exitCode: 0,
          image: 'sha256:i',
          labels: { a: 'b' },
        },
      ],
      ['a removal of what is gone', [missing, missing], (engine) => engine.remove('c'), undefined],
      [
        'a removal that somebody else is at, until it is done',
        [{ status: 409, body: { message: 'already in progress' } }, { status: 200, body: running }, missing],
        (engine) => engine.remove('c'),
        undefined,
      ],
      ['no volumes', [{ status: 200, body: { Volumes: null } }], (engine) => engine.orphans('l'), []],
      ['a volume that is gone', [missing], (engine) => engine.removeVolume('v'), undefined],
      [
        'what is used, without what can be given back',
        [
          {
            status: 200,
            body: { memory_stats: { usage: 90, limit: 100, stats: { inactive_file: 30 } }, pids_stats: { current: 3 } },
          },
        ],
        (engine) => engine.usage('c'),
        { memory: { used: 60, limit: 100 }, pids: { used: 3, limit: Number.POSITIVE_INFINITY } },
      ],
      [
        'what it is and has',
        [{ status: 200, body: { ID: 'D', ServerVersion: '1', Driver: 'overlay2', Runtimes: { runc: {}, runsc: {} } } }],
        (engine) => engine.info(),
        { id: 'D', version: '1', storage: 'overlay2', runtimes: ['runc', 'runsc'] },
      ],
      ['an upload to what is gone', [missing], (engine) => engine.putArchive('c', '/', Buffer.alloc(0)), false],
      ['a look for an image that is gone', [missing], (engine) => engine.image('i'), null],
      [
        'a look for an image of which little is known',
        [{ status: 200, body: { ...image, Metadata: { LastTagTime: '0001-01-01T00:00:00Z' } } }],
        (engine) => engine.image('i'),
        { id: 'sha256:i', size: 5, names: [], labels: {}, namedAt: null, defaults: { ...defaults, Cmd: ['sh'] } },
      ],
      [
        'an image with two names once',
        [{ status: 200, body: [{ Id: 'a' }, { Id: 'b' }, { Id: 'a' }] }],
        (engine) => engine.images('l'),
        ['a', 'b'],
      ],
      [
        'a new image',
        [{ status: 201, body: { Id: 'sha256:n' } }],
        (engine) => engine.commit('c', newImage),
        'sha256:n',
      ],
      ['a name for what is gone', [missing], (engine) => engine.nameImage('i', { repo: 'r', tag: 't' }), false],
      ['the removal of an image that is gone', [missing, missing], (engine) => engine.removeImage('i'), true],
      [
        'the removal of an image that is needed',
        [
          { status: 409, body: { message: 'in use' } },
          { status: 200, body: image },
        ],
        (engine) => engine.removeImage('i'),
        false,
      ],
      ['the log of what is gone', [missing], (engine) => engine.logs('c'), null],
      [
        'a log',
        [{ status: 200, body: Buffer.from('\u0001\0\0\0\0\0\0\u0002hi\u0002\0\0\0\0\0\0\u0001x', 'latin1') }],
        (engine) => engine.logs('c'),
        Buffer.from('hi'),
      ],
      ['a log without a word', [{ status: 200 }], (engine) => engine.logs('c'), Buffer.alloc(0)],
    ]
  test.each(answers)('answers %s', async (_, given, question, expected) => {
    const { outcome, requests } = await ask(given, question)
    expect(outcome).toEqual(expected)
    expect(requests).toHaveLength(given.length)
  })

  test.each([
    [
      'a stopped container',
      [{ status: 409, body: { message: 'Container c is not running' } }],
      'Container c is not running',
    ],
    ['a missing container', [missing], 'No such container: c'],
    ['a start that fails', [{ status: 201, body: { Id: 'e' } }, broken], 'no space left on device'],
  ])('says why there was no exec: %s', async (_, given, reason) => {
    expect((await ask(given, (engine) => engine.exec('c', request))).outcome).toMatchObject({
      stderr: expect.stringContaining(reason),
    })
  })

  const started = { status: 201, body: { Id: 'e' } }
  const firstFrame = Buffer.from('\u0001\0\0\0\0\0\0\u0004said', 'latin1')
  const said = { status: 200, body: firstFrame, isEndless: true }
  const inState = (status: string) => ({ status: 200, body: { ...running, State: { Status: status } } })

  test.each([
    ['is gone', missing],
    ['has ended', inState('exited')],
    ['cannot be asked about', broken],
  ])('that says no more of an exec gives what came once the container %s', async (_, state) => {
    const given = [started, said, inState('running'), inState('paused'), state]
    const { outcome, requests } = await ask(given, (engine) => engine.exec('c', request), { lookMs: 10 })
    expect(outcome).toEqual({ stdout: Buffer.from('said'), stderr: '' })
    expect(requests.length).toBeGreaterThanOrEqual(given.length)
  })

  test('that says no more of an exec is not waited for when that is given up', async () => {
    await using daemon = await startFakeDaemon([started, said, inState('running')])
    const engine = createEngine({ socketPath: daemon.socketPath, patience: { ...patience, lookMs: 60_000 } })
    const over = new AbortController()
    const ended = engine.exec('c', { ...request, signal: over.signal }).catch((error: unknown) => error)
    await expect.poll(() => daemon.requests.length).toBe(2)
    over.abort()
    // What there is to say of it depends on whether the first of the answer had come.
    expect(await ended).toBeDefined()
  })

  test('that never starts an exec is waited for only while the container is there', async () => {
    const { outcome } = await ask([started, 'silence', missing], (engine) => engine.exec('c', request), { lookMs: 10 })
    expect(outcome).toBeInstanceOf(HandsUnavailable)
  })

  test('whose answer to an exec breaks off gives what came', async () => {
    const frame = Buffer.from('\u0001\0\0\0\0\0\0\u0009cut', 'latin1')
    const { outcome } = await ask(
      [
        { status: 201, body: { Id: 'e' } },
        { status: 200, body: frame },
      ],
      (engine) => engine.exec('c', request),
    )
    expect(outcome).toEqual({ stdout: Buffer.from('cut'), stderr: '' })
  })
})

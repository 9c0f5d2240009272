import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULT_IMAGE, FULL_IMAGE } from '../../src/hands/docker/image.ts'
import type { FakeAnswer } from '../hands/docker/fake-daemon.ts'
import { startFakeDaemon } from '../hands/docker/fake-daemon.ts'
import { temporaryFolder } from '../support/programs.ts'

const root = join(import.meta.dirname, '../..')
const step = `
  import { prepareDocker } from '${root}/scripts/setup/docker.mjs'
  import { createReporter } from '${root}/scripts/setup/report.mjs'
  const report = createReporter({ quiet: false, stream: process.stderr })
  const outcome = await prepareDocker({ root: '${root}', cache: process.env.CACHE, env: process.env, report, pullMs: 300, image: process.env.IMAGE })
  process.stdout.write(JSON.stringify(outcome))`

const pong = { status: 200, body: 'OK' }
const missing = { status: 404, body: { message: 'no such image' } }
const built = { status: 200, body: { Config: { Labels: null } } }
const outdated = { status: 200, body: { Config: { Labels: { 'longhand.recipe': 'another' } } } }
const refused = { status: 500, body: { message: 'registry is unreachable' } }

/** The step of setup that sees to the image, on a daemon that answers this. */
async function prepare(answers: readonly FakeAnswer[], more: NodeJS.ProcessEnv = {}) {
  await using daemon = await startFakeDaemon(answers)
  const env = {
    PATH: '/nonexistent',
    CACHE: await temporaryFolder(),
    DOCKER_HOST: `unix://${daemon.socketPath}`,
    ...more,
  }
  const child = spawn(process.execPath, ['--input-type=module', '--eval', step], { env, cwd: root })
  let [out, err] = ['', '']
  child.stdout.on('data', (part) => (out += String(part)))
  child.stderr.on('data', (part) => (err += String(part)))
  await once(child, 'close')
  return { outcome: JSON.parse(out || 'null') as unknown, said: err, requests: daemon.requests }
}

describe('setup for Docker', () => {
  test('finds the image, also one that somebody has built by hand', async () => {
    const { outcome, said, requests } = await prepare([pong, built])
    expect(outcome).toEqual({ ok: true })
    expect(said).toBe(`setup   sandbox   Docker, image ${DEFAULT_IMAGE} ✓\n`)
    expect(requests).toEqual(['GET /_ping', `GET /images/${DEFAULT_IMAGE}/json`])
  })

  test.each([
    ['is missing', missing],
    ['is of an older recipe', outdated],
  ])('says what to install when the image %s, no registry answers and nothing can make a base', async (_, found) => {
    const { outcome, requests } = await prepare([pong, found, found, missing, refused])
    expect(outcome).toMatchObject({
      ok: false,
      isThere: true,
      reason: expect.stringContaining('apt-get install mmdebstrap'),
    })
    expect(requests.at(-1)).toMatch(/^POST \/images\/create\?fromImage=debian/)
  })

  test('tells a build that fails from a registry that does', async () => {
    const { outcome } = await prepare([pong, missing, missing, built, refused])
    expect(outcome).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/was not built on debian\S+: .*registry is unreachable; without mmdebstrap/),
    })
  })

  test('asks a registry that let the time pass once in a day', { timeout: 20_000 }, async () => {
    const env = { CACHE: await temporaryFolder() }
    const first = await prepare([pong, missing, missing, missing, 'silence'], env)
    expect(first.outcome).toMatchObject({ reason: expect.stringMatching(/no registry gives \S+: 0.3 s have passed/) })
    const second = await prepare([pong, missing, missing, missing], env)
    expect(second.outcome).toMatchObject({ reason: expect.stringContaining('was silent within the last day') })
    expect(second.requests).toHaveLength(4)
    const yesterday = Date.now() / 1000 - 25 * 60 * 60
    await utimes(join(env.CACHE, 'silent-registry'), yesterday, yesterday)
    expect((await prepare([pong, missing, missing, missing, refused], env)).requests).toHaveLength(5)
  })

  test.each([
    ['filtered by a proxy', { status: 403, body: { message: 'forbidden' } }, 'forbidden'],
    ['broken', refused, 'registry is unreachable'],
    ['silent after its first answer', 'silence' as const, 'socket hang up'],
  ])('says what a daemon answers that is %s', async (_, answer, reason) => {
    const { outcome } = await prepare([pong, answer], { LONGHAND_SANDBOX_IMAGE: 'mine::1' })
    expect(outcome).toEqual({
      ok: false,
      isThere: true,
      reason: expect.stringMatching(new RegExp(`^Docker does not tell of the image mine::1: .*${reason}`)),
    })
  })

  test('builds the full image under its own name, on a base of its own, whatever sandboxes are made of', async () => {
    const { requests, outcome } = await prepare([pong, missing, missing, missing, refused], {
      IMAGE: 'full',
      LONGHAND_SANDBOX_IMAGE: 'mine:1',
    })
    expect(requests.slice(1, 4)).toEqual([
      `GET /images/${FULL_IMAGE}/json`,
      `GET /images/${FULL_IMAGE}/json`,
      'GET /images/ubuntu:24.04/json',
    ])
    expect(requests.at(-1)).toMatch(/^POST \/images\/create\?fromImage=ubuntu/)
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('no registry gives ubuntu:24.04') })
  })

  test('builds nothing under another name', async () => {
    const { outcome, requests } = await prepare([pong, missing], { LONGHAND_SANDBOX_IMAGE: 'mine:1' })
    expect(outcome).toEqual({ ok: false, isThere: true, reason: 'Docker has no image mine:1' })
    expect(requests).toHaveLength(2)
  })

  test('asks no daemon when sandboxes are to be local, and takes one that is silent, or breaks off, for none', async () => {
    expect((await prepare([], { LONGHAND_SANDBOX: 'local' })).requests).toEqual([])
    expect((await prepare(['silence'])).outcome).toEqual({ ok: false, reason: 'no Docker daemon answers' })
    expect((await prepare([null])).outcome).toEqual({ ok: false, reason: 'no Docker daemon answers' })
  })
})

import { randomBytes } from 'node:crypto'
import Anthropic, { toFile } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { newId } from '../store/builders.ts'
import { openCuttingProxy } from '../support/cutting-proxy.ts'
import { sandboxKinds } from '../support/docker.ts'
import { bash, collect, only, program, record, refused } from './drive.ts'
import { useResourceStack } from './resource-stack.ts'

const kinds = await sandboxKinds()
const LONG = { timeout: 180_000 }

describe.each(kinds)('in %s sandboxes', (kind) => {
  const use = useResourceStack(kind)

  async function upload(name: string, bytes: Buffer | string): Promise<string> {
    return (await use().stack.sdk.beta.files.upload({ file: await toFile(Buffer.from(bytes), name) })).id
  }

  describe('a file of a session', () => {
    test('is mounted for its agent, who cannot change it, under an id of its own', LONG, async () => {
      const { create, run, stack } = use()
      const bytes = randomBytes(300_000).toString('hex')
      const original = await upload('data.csv', bytes)
      const session = await create([
        { type: 'file', file_id: original, mount_path: '/in/put/data.csv' },
        { type: 'file', file_id: original },
      ])
      const [first, second] = session.resources
      if (first?.type !== 'file' || second?.type !== 'file') throw new Error('expected files')
      expect(new Set([original, first.file_id, second.file_id]).size).toBe(3)
      await stack.sdk.beta.files.delete(original)
      const [sum, other, refusal, removal] = await run(
        session.id,
        `sha256sum < ${first.mount_path}; wc -c < ${first.mount_path}`,
        `cmp ${first.mount_path} ${second.mount_path} && echo same`,
        `echo x >> ${first.mount_path}`,
        `rm -rf /mnt/session/uploads/* ; ls /mnt/session/uploads | wc -l`,
      )
      expect(first.mount_path).toBe('/mnt/session/uploads/in/put/data.csv')
      expect(sum).toContain(`\n${bytes.length}`)
      expect(other).toBe('same')
      expect(refusal).toMatch(/read-only|denied|not permitted/i)
      expect(removal).toMatch(/\n2$/)
      expect((await stack.sdk.beta.sessions.retrieve(session.id)).resources).toEqual(session.resources)
      const scoped = await collect(stack.sdk.beta.files.list({ scope_id: session.id }))
      expect(new Set(scoped.map(({ id }) => id))).toEqual(new Set([first.file_id, second.file_id]))
    })

    test(
      'that is added while a call runs is there for the next one, and gone from the one after its removal',
      LONG,
      async () => {
        const { create, stack } = use()
        const [, second] = stack.clients
        const { id: session } = await create([])
        const recording = await record(stack.sdk, session)
        const wait = 'touch begun; until [ -e go ]; do sleep 0.05; done; ls /mnt/session/uploads | wc -l'
        const look = 'cat /mnt/session/uploads/late.txt'
        await stack.sdk.beta.sessions.events.send(session, {
          events: [program(bash(wait), bash(look), 'SAY seen')],
        })
        await recording.until('agent.tool_use')
        const { resources } = stack.sdk.beta.sessions
        const added = await resources.add(session, {
          type: 'file',
          file_id: await upload('late.txt', 'late'),
          mount_path: 'late.txt',
        })
        expect(await second?.beta.sessions.resources.retrieve(added.id, { session_id: session })).toEqual(added)
        await use().hands.execute('write', { file_path: '/workspace/go', content: '' }, outside(session))
        await recording.until('session.status_idle')
        const seen = only(recording.events, 'agent.tool_result').map(({ content }) => content?.[0])
        expect(seen).toMatchObject([{ text: '0' }, { text: 'late' }])
        expect(await resources.delete(added.id, { session_id: session })).toEqual({
          id: added.id,
          type: 'session_resource_deleted',
        })
        const [after] = await use().run(session, `${look}; ls /mnt/session/uploads | wc -l`)
        expect(after).toMatch(/No such file[^]*\n0$/)
        expect(await collect(resources.list(session))).toEqual([])
        expect(await refused(resources.retrieve(added.id, { session_id: session }))).toMatchObject({ status: 404 })
      },
    )

    test('is put back into the sandbox that comes after a lost one, with what was put out', LONG, async () => {
      const { create, run, stack, sandboxes } = use()
      const session = await create([{ type: 'file', file_id: await upload('a.txt', 'mounted'), mount_path: 'a.txt' }])
      await run(session.id, 'mkdir -p /mnt/session/outputs/deep; echo kept > /mnt/session/outputs/deep/b.txt')
      await expect.poll(() => outputsOf(session.id)).toEqual(['b.txt'])
      const row = await stack.stores.bindings.current(session.id)
      if (!row) throw new Error('expected a sandbox')
      await sandboxes.kill(row)
      const [lost, again] = await run(
        session.id,
        'echo',
        'cat /mnt/session/uploads/a.txt /mnt/session/outputs/deep/b.txt',
      )
      expect(lost).toMatch(/lost|new sandbox/)
      expect(again).toContain('mountedkept')
      expect(await outputsOf(session.id)).toEqual(['b.txt'])
    })

    test('goes with its session, and the original stays', LONG, async () => {
      const { create, run, stack, hands, sandboxes } = use()
      const original = await upload('a.txt', 'mounted')
      const session = await create([{ type: 'file', file_id: original }])
      await run(session.id, 'echo made > /mnt/session/outputs/made.txt')
      await expect.poll(() => outputsOf(session.id)).toEqual(['made.txt'])
      const files = await collect(stack.sdk.beta.files.list({ scope_id: session.id }))
      expect(files).toHaveLength(2)
      const contents = stack.contents.contents.size
      const spare = async () => stack.stores.files.spare({ now: new Date(), begunBefore: new Date(0) })
      const before = await spare()
      await stack.sdk.beta.sessions.delete(session.id)
      for (const { id } of files) {
        expect(await refused(stack.sdk.beta.files.retrieveMetadata(id))).toMatchObject({ status: 404 })
        expect(await refused(stack.sdk.beta.files.download(id))).toMatchObject({ status: 404 })
      }
      expect(await collect(stack.sdk.beta.files.list({ scope_id: session.id }))).toEqual([])
      await stack.stores.sessions.clear(session.id)
      await hands.destroySession(session.id)
      expect(await spare()).toHaveLength(before.length + 1)
      expect(stack.contents.contents.size).toBe(contents)
      expect(await stack.sdk.beta.files.retrieveMetadata(original)).toMatchObject({ filename: 'a.txt' })
      const left = await sandboxes.provider.list()
      expect(left.filter(({ sessionId }) => sessionId === session.id)).toEqual([])
    })

    test('is added once, although the answer is cut and the client asks again', LONG, async () => {
      const { create, stack } = use()
      const { id: session } = await create([])
      const original = await upload('a.txt', 'a')
      await using proxy = await openCuttingProxy(stack.urls[0] ?? '')
      const sdk = new Anthropic({ baseURL: proxy.url, apiKey: stack.apiKey, maxRetries: 2 })
      for (const [at, place] of [0, 1, 20].entries()) {
        proxy.cutNext(place)
        await sdk.beta.sessions.resources.add(session, { type: 'file', file_id: original, mount_path: `f${at}` })
      }
      const listed = await collect(stack.sdk.beta.sessions.resources.list(session, { limit: 1 }))
      expect(listed.map((resource) => 'mount_path' in resource && resource.mount_path)).toEqual(
        [0, 1, 2].map((at) => `/mnt/session/uploads/f${at}`),
      )
      expect(await collect(stack.sdk.beta.files.list({ scope_id: session }))).toHaveLength(3)
    })
  })

  describe('an output', () => {
    test('becomes a file of the session within seconds, byte by byte, and one of each path', LONG, async () => {
      const { create, run, stack } = use()
      const { id: session } = await create([])
      const write = (seed: string) =>
        `mkdir -p /mnt/session/outputs/reports && head -c 3000000 /dev/zero | openssl enc -aes-128-ctr -pass pass:${seed} -nosalt 2>/dev/null > /mnt/session/outputs/reports/r.bin; sha256sum < /mnt/session/outputs/reports/r.bin`
      for (const seed of ['one', 'two']) {
        const [sum = ''] = await run(session, write(seed))
        await expect
          .poll(() => downloaded(session))
          .toEqual([{ name: 'r.bin', size: 3_000_000, sha256: sum.split(' ')[0] }])
      }
      const [file] = await collect(stack.sdk.beta.files.list({ scope_id: session }))
      expect(file).toMatchObject({
        filename: 'r.bin',
        downloadable: true,
        size_bytes: 3_000_000,
        scope: { type: 'session', id: session },
      })
    })

    test('is never half, also when it is still being written behind the turn', LONG, async () => {
      const { create, run } = use()
      const { id: session } = await create([])
      const slowly = `(for i in $(seq 30); do head -c 100000 /dev/zero; sleep 0.1; done > /mnt/session/outputs/slow.bin) > /dev/null 2>&1 &`
      await run(session, slowly)
      const sizes = new Set<number>()
      await expect
        .poll(
          async () => {
            for (const { size_bytes: size } of await filesOf(session)) sizes.add(size)
            return sizes.size
          },
          { timeout: 60_000 },
        )
        .toBe(1)
      expect([...sizes]).toEqual([3_000_000])
    })

    test('of any name is a file, what is none is not', LONG, async () => {
      const { create, run } = use()
      const { id: session } = await create([])
      await run(
        session,
        `cd /mnt/session/outputs && touch -- -rf 'a "b"' $'line\\nbreak' .hidden "$(printf 'n%.0s' $(seq 255))" && ln -s /etc/passwd link && mkdir folder && mkfifo pipe && echo x > folder/.x`,
      )
      await expect.poll(() => outputsOf(session)).toEqual(['-rf', 'a _b_', 'line_break', 'n'.repeat(255)])
    })
  })

  /** What a test does in a session's sandbox beside its agent. */
  function outside(sessionId: string) {
    return { sessionId, toolUseId: newId('sevt'), signal: AbortSignal.timeout(30_000), abandoned: [] }
  }

  async function filesOf(session: string) {
    return (await collect(use().stack.sdk.beta.files.list({ scope_id: session }))).filter(
      ({ downloadable }) => downloadable,
    )
  }

  async function outputsOf(session: string): Promise<readonly string[]> {
    const names = (await filesOf(session)).map(({ filename }) => filename)
    return names.toSorted((one, other) => (one < other ? -1 : 1))
  }

  async function downloaded(session: string) {
    const { sdk } = use().stack
    const files = await filesOf(session)
    return Promise.all(
      files.map(async ({ id, filename: name, size_bytes: size }) => {
        const bytes = Buffer.from(await (await sdk.beta.files.download(id)).arrayBuffer())
        return { name, size, sha256: Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex') }
      }),
    )
  }
})

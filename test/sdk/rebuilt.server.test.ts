import { toFile } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { sandboxKinds } from '../support/docker.ts'
import { bash, only, outputsIn, program, record, turn } from './drive.ts'
import { useGitDoors } from './git-doors.ts'
import { forgetRecipe, provisioned } from './lost-sandbox.ts'
import type { ResourceStack } from './resource-stack.ts'
import { useResourceStack } from './resource-stack.ts'

const kinds = await sandboxKinds()
const LONG = { timeout: 120_000 }
const RECEIPT = /^\[This is a new sandbox \(generation (\d+)\); the one before it was lost\.\n/
const images = { local: {}, docker: { image: expect.stringMatching(/^sha256:/) } }

async function upload({ stack }: ResourceStack, text: string) {
  const { id } = await stack.sdk.beta.files.upload({ file: await toFile(Buffer.from(text), 'data.csv') })
  return { type: 'file' as const, file_id: id, mount_path: '/data.csv' }
}

/** Ends the session's sandbox from outside. */
async function kill({ stack, sandboxes }: ResourceStack, session: string): Promise<void> {
  const row = await stack.stores.bindings.current(session)
  if (row === null) throw new Error('expected a sandbox')
  await sandboxes.kill(row)
  await expect.poll(async () => (await sandboxes.provider.attach(row)) === null).toBe(true)
}

describe.each(kinds)('a sandbox that is lost where no workspace is copied, in %s', (kind) => {
  const git = useGitDoors(`token${Math.random().toString(36).slice(2)}`)
  const use = useResourceStack(kind, { keepsCopies: false, git })
  const createWithFile = async (text: string) => (await use().create([await upload(use(), text)])).id

  test('is rebuilt from what the log says of it, and the session goes on', LONG, async () => {
    const { stack, create, run } = use()
    const { server } = git()
    await server.create('o/app', { 'README.md': 'as it was\n' })
    const sha = await server.git('o/app', 'rev-parse', 'main')
    await server.commit('o/app', 'main', { 'README.md': 'as it is\n' })
    const url = 'https://github.com/o/app'
    const checkout = { type: 'commit' as const, sha }
    const repository = { type: 'github_repository' as const, url, authorization_token: server.token, checkout }
    const { id: session } = await create([await upload(use(), 'a,b,c'), repository])
    const look = 'cat /mnt/session/uploads/data.csv; cat app/README.md; git -C app rev-parse HEAD; ls -A'
    const seen = `a,b,cas it was\n${sha}\napp`
    expect(await run(session, 'echo made > here', look)).toEqual(['(no output)', `${seen}\nhere`])
    const made = {
      type: 'log.provisioned',
      hand: 'main',
      provider: kind,
      ...images[kind],
      supplies: 2,
      surroundings: { networking: { type: 'unrestricted' } },
      told: true,
    }
    const [first] = await provisioned(stack, session)
    expect(first).toEqual({ ...made, generation: 1 })

    await kill(use(), session)
    await forgetRecipe(stack, session)
    await stack.restartWorkers()
    const events = await turn(
      stack.sdk,
      session,
      program(bash(look), bash('git -C app fetch -q && echo fetched'), 'SAY done'),
    )
    const [told = '', fetched] = outputsIn(events)
    const [receipt = '', rest] = told.split('\n\n')
    expect(receipt).toMatch(RECEIPT)
    const restored = ['1 file in /mnt/session/uploads', 'a fresh clone in /workspace/app']
    expect(receipt).toContain(`\nRestored: nothing of /workspace (copies are switched off); ${restored.join('; ')}.\n`)
    expect(receipt).toMatch(/\nLost: everything else in \/workspace, everything in \/tmp .* and every process\.\]$/)
    expect([rest, fetched]).toEqual([seen, 'fetched'])
    expect(events.at(-1)).toMatchObject({ type: 'session.status_idle', stop_reason: { type: 'end_turn' } })
    expect(await provisioned(stack, session)).toEqual([first, { ...first, generation: 2 }])
    expect((await stack.log.read(session)).state.hands).toMatchObject({ main: { known: 2 } })
  })

  // How it is told of does not depend on what it is.
  if (kind === 'docker') return

  test('is told of with the next result when the first one does not count', LONG, async () => {
    const { stack, run } = use()
    const { sdk } = stack
    const session = await createWithFile('x')
    await run(session, 'true')
    await kill(use(), session)
    const recording = await record(sdk, session)
    await sdk.beta.sessions.events.send(session, { events: [program(bash('touch begun; sleep 600'), 'SAY never')] })
    await expect.poll(async () => (await stack.stores.bindings.current(session))?.generation).toBe(2)
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
    await kill(use(), session)
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

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import type { CloudConfigParams } from '../../src/wire/types.ts'
import { hasPackageBase } from '../hands/docker/package-base.ts'
import { usePackageSandboxes } from '../hands/docker/package-sandboxes.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import { bash, message, only, outputsIn, program, turn } from './drive.ts'
import { forgetRecipe, provisioned } from './lost-sandbox.ts'

describe.runIf(await hasPackageBase())('a session in an environment with packages', () => {
  const sandboxes = usePackageSandboxes()
  let stack: Stack
  let agent = ''
  let hands: SandboxHands
  let serial = 0

  beforeAll(async () => {
    stack = await startStack({ hands: { execute: (...call) => hands.execute(...call) } })
    agent = (await stack.prepare()).agent
    hands = createSandboxHands({ provider: sandboxes.provider, bindings: stack.stores.bindings, log: silentLog })
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  async function start(packages: NonNullable<CloudConfigParams['packages']>, metadata: Record<string, string> = {}) {
    const networking = { type: 'limited' as const, allow_package_managers: true }
    const environment = await stack.sdk.beta.environments.create({
      name: `with packages ${++serial}`,
      config: { type: 'cloud', networking, packages },
      metadata,
    })
    return (await stack.sdk.beta.sessions.create({ agent, environment_id: environment.id })).id
  }

  test('has them in its first call, and in the sandbox after one that was lost', async () => {
    const session = await start({ pip: ['longhand-hello'], apt: ['longhand-hello'] })
    const hello = program(bash('hello-apt; hello-pip'), 'SAY done')
    const events = await turn(stack.sdk, session, hello)
    expect(only(events, 'agent.tool_result')).toMatchObject([
      { content: [{ text: 'hello from apt\nhello from pip' }], is_error: false },
    ])
    const [first] = await provisioned(stack, session)
    expect(first).toMatchObject({
      image: expect.stringMatching(/^sha256:/),
      surroundings: {
        networking: { type: 'limited', allow_package_managers: true },
        packages: { pip: ['longhand-hello'], apt: ['longhand-hello'] },
      },
    })
    for (const row of await sandboxes.provider.list(session)) await sandboxes.provider.destroy(row)
    await forgetRecipe(stack, session)
    await stack.restartWorkers()
    const [said] = outputsIn(await turn(stack.sdk, session, hello))
    expect(said).toMatch(/generation 2[^]*\n\nhello from apt\nhello from pip$/)
    expect(await provisioned(stack, session)).toEqual([first, { ...first, generation: 2 }])
  })

  test('is told by name what could not be installed, and goes on', async () => {
    const session = await start({ npm: ['longhand-hello', 'longhand-helo'] })
    const events = await turn(stack.sdk, session, program(bash('true'), bash('true'), 'SAY so be it'))
    const results = only(events, 'agent.tool_result')
    expect(results.map(({ is_error }) => is_error)).toEqual([true, true])
    const text = JSON.stringify(results[0]?.content)
    expect(text).toContain('packages of the environment: npm: exit code')
    expect(text).toContain('longhand-helo')
    expect(only(events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'end_turn' } }])
    expect(await turn(stack.sdk, session, message('#program now\nSAY still here'))).not.toEqual([])
  })

  test('is told when no host has its runtime', async () => {
    const session = await start({}, { 'longhand.runtime': 'longhand-none' })
    const events = await turn(stack.sdk, session, program(bash('true'), 'SAY done'))
    expect(JSON.stringify(only(events, 'agent.tool_result'))).toContain('got longhand-none')
  })

  test('is refused where hosts take calls and none of them installs any', async () => {
    const { hosts } = stack.stores
    await hosts.beat([{ host: 'local', provider: 'local', packages: false, runtimes: [] }])
    await expect(start({ pip: ['longhand-hello'] })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('its packages need Docker sandboxes'),
    })
    await expect(start({}, { 'longhand.runtime': 'runsc' })).rejects.toMatchObject({ status: 400 })
    await expect(start({}, { 'longhand.runtime': 'no such' })).rejects.toMatchObject({ status: 400 })
    expect(await start({})).toMatch(/^sesn_/)
  })
})

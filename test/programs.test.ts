import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readConfig } from '../src/config.ts'
import { closedPolicy } from '../src/egress/policy.ts'
import { devOptions } from '../src/programs.ts'
import { startProcess } from './egress/egress-process.ts'

let data = ''

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'longhand-programs-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  await rm(data, { recursive: true })
})

describe('the end of `dev`', () => {
  test('ends the egress process too where the sandboxes cannot be reached, and keeps their doors for the next start', async () => {
    vi.stubEnv('DOCKER_HOST', `unix://${data}/docker.sock`)
    const print = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const folder = join(data, 'egress')
    const egress = await startProcess(folder)
    await egress.gate.open('sesn_1.1', { policy: closedPolicy, credentials: [] })
    const ended = egress.control.unneeded.then(() => egress[Symbol.asyncDispose]())
    await devOptions({ ...readConfig({ data }, { HOME: '/' }), sandbox: 'docker' }, {}).endSandboxes?.()
    await ended
    expect(print).toHaveBeenCalledWith(expect.stringMatching(/^sandboxes are left behind: /))
    await using next = await startProcess(folder)
    expect(next.gate.names()).toEqual(['sesn_1.1'])
  })
})

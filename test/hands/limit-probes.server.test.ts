import { describe, expect, test } from 'vitest'
import { doorProbe } from '../../src/hands/door-probe.ts'
import { limitProbes } from '../../src/hands/limit-probes.ts'
import { show, useLocalSandboxes } from './local-sandboxes.ts'

const [processes, memory] = limitProbes({ processes: 20, memory: 64 * 1024 * 1024 })

describe('what the doctor tries inside', () => {
  const { open } = useLocalSandboxes()

  test.each([
    { what: 'more processes than there should be', probe: processes, found: '20 more were started' },
    { what: 'more memory than there should be', probe: memory, found: 'it has them' },
    { what: 'a proxy that is not there', probe: doorProbe, found: 'nobody forwards' },
  ])('tells of $what', async ({ probe, found }) => {
    const { sandbox } = await open()
    const command = probe?.command ?? ''
    const { output } = await sandbox.run({ id: 'probe', command, timeoutMs: 30_000, capBytes: 4_096 })
    expect(show(output)).toContain(found)
  })
})

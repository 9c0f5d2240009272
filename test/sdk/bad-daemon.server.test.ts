import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/docker.ts'
import { badDaemons } from './bad-daemon.ts'
import { useHandRows } from './hand-rows.ts'

describe.runIf(await hasDocker())('a session whose call', () => {
  const { play } = useHandRows('docker')

  test.each(badDaemons)('$name is told, and goes on', async (row) => {
    await expect(play(row)).resolves.toBeUndefined()
  })
})

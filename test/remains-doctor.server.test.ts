import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { createLocalProvider } from '../src/hands/local.ts'
import { examineRemains } from '../src/remains-doctor.ts'
import { sandboxFolder } from '../src/sandboxes.ts'
import { temporaryFolder } from './support/programs.ts'

describe('the doctor of remains', () => {
  test('counts sandboxes, and those that nobody can enter', async () => {
    const data = join(await temporaryFolder(), 'data')
    const config = { ...readConfig({ data }, { HOME: '/' }), sandbox: 'local' } as const
    const detailOf = async () => (await examineRemains(config)).map(({ detail }) => detail)
    expect(await detailOf()).toEqual(['0, 0 of them dead or unfinished, 0 doors'])
    const provider = createLocalProvider({ folder: sandboxFolder(data) })
    const row = await provider.provision({ sessionId: 'sesn_1', generation: 1 })
    await mkdir(join(sandboxFolder(data), 'generations', 'sesn_2.1.0123456789abcdef'))
    try {
      expect(await detailOf()).toEqual(['2, 1 of them dead or unfinished, 0 doors'])
    } finally {
      await provider.destroy(row)
    }
  })
})

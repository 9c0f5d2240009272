import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const entrypoint = join(import.meta.dirname, '../../docker/service/entrypoint.sh')

describe('the entrypoint of the image', () => {
  test('says that there is nothing to set up, rather than fail for want of a script', () => {
    const { status, stderr } = spawnSync('sh', [entrypoint, 'setup'], { encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toContain('nothing to set up in the image')
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doorVariables } from '../../src/hands/network.ts'

let folder = ''
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'longhand-door-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the variables of a door', () => {
  test('are none without one', () => {
    expect(doorVariables(null)).toEqual({})
  })

  test('lead clients to the proxy, and keep git from asking anybody', () => {
    const variables = doorVariables(folder)
    expect(variables).toMatchObject({ https_proxy: 'http://127.0.0.1:3128', GIT_TERMINAL_PROMPT: '0' })
    expect(Object.keys(variables)).not.toEqual(expect.arrayContaining(['GIT_CONFIG_SYSTEM']))
    expect(Object.keys(variables)).not.toEqual(expect.arrayContaining(['SSL_CERT_FILE']))
  })

  test('name what lies in its folder: a configuration for git, an authority to trust', async () => {
    await writeFile(join(folder, 'gitconfig'), '')
    expect(doorVariables(folder)).toMatchObject({ GIT_CONFIG_SYSTEM: '/run/egress/gitconfig' })
    await writeFile(join(folder, 'ca.pem'), '')
    expect(doorVariables(folder)).toMatchObject({
      GIT_CONFIG_SYSTEM: '/run/egress/gitconfig',
      NODE_EXTRA_CA_CERTS: '/run/egress/ca.pem',
    })
  })
})

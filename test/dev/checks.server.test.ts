import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { cacheFolder, readConfig } from '../../src/config.ts'
import { runChecks } from '../../src/dev/checks.ts'
import type { Finding } from '../../src/dev/checks.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import { temporaryFolder } from '../support/programs.ts'
import { createNamespace } from '../support/temporal.ts'

async function check(env: Record<string, string>, cache = cacheFolder(process.env)): Promise<Record<string, Finding>> {
  const data = join(await temporaryFolder(), 'data')
  const { free } = await findFreePorts(['free'])
  const config = readConfig({ data }, { HOME: '/nowhere', LONGHAND_PORT: String(free), ...env })
  return Object.fromEntries((await runChecks({ config, cache })).map((finding) => [finding.name, finding]))
}

describe('the checks of doctor', () => {
  test('find a machine in order on which the tests run', async () => {
    const findings = await check({})
    expect(Object.keys(findings)).toEqual(['Node', 'Temporal', 'Postgres', 'model', 'port', 'data'])
    expect(Object.values(findings).filter(({ ok }) => !ok)).toEqual([])
    expect(findings['model']?.detail).toContain('scripted')
  })

  test('reach a database and a cluster that are configured', async () => {
    const findings = await check({ DATABASE_URL: inject('postgresUrl'), TEMPORAL_ADDRESS: inject('temporalAddress') })
    expect(findings['Temporal']).toEqual({
      name: 'Temporal',
      ok: true,
      detail: `answers at ${inject('temporalAddress')}, keeps closed runs for 30 days`,
    })
    expect(findings['Postgres']).toMatchObject({ ok: true })
    expect(findings['Postgres']?.detail).not.toContain(new URL(inject('postgresUrl')).password)
  })

  test('say what would be better when the namespace forgets soon', async () => {
    const [address, namespace] = [inject('temporalAddress'), await createNamespace()]
    const { Temporal } = await check({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace })
    expect(Temporal).toMatchObject({ ok: true, detail: `answers at ${address}, keeps closed runs for 1 day` })
    expect(Temporal?.remedy).toContain(`--retention 30d -n ${namespace}`)
  })

  test('name a namespace that the cluster does not have', async () => {
    const findings = await check({ TEMPORAL_ADDRESS: inject('temporalAddress'), TEMPORAL_NAMESPACE: 'nowhere' })
    expect(findings['Temporal']).toMatchObject({ ok: false, detail: expect.stringContaining('namespace nowhere') })
  })

  test('give the remedy for what is missing', async () => {
    const { closed } = await findFreePorts(['closed'])
    const findings = await check({ DATABASE_URL: `postgres://u:secret@127.0.0.1:${closed}/d` }, '/nowhere')
    expect(findings['Temporal']).toEqual({
      name: 'Temporal',
      ok: false,
      detail: 'no Temporal dev server has been set up',
      remedy: 'Run longhand setup (node scripts/setup.mjs), or set TEMPORAL_ADDRESS to a cluster of yours.',
    })
    expect(findings['Postgres']).toMatchObject({ ok: false, remedy: expect.stringContaining('DATABASE_URL') })
    expect(JSON.stringify(findings)).not.toContain('secret')
  })

  test('see a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no address')
    const findings = await check({ LONGHAND_PORT: String(address.port) })
    expect(findings['port']).toMatchObject({ ok: false, detail: `${address.port} on 127.0.0.1 is taken` })
  })
})

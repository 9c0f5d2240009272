import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findFreePorts, isPortFree, keepPorts } from '../../src/dev/ports.ts'
import { temporaryFolder } from '../support/programs.ts'

async function occupy(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return address.port
}

describe('ports', () => {
  test('are free until something listens', async () => {
    const { a } = await findFreePorts(['a'])
    expect(await isPortFree(a)).toBe(true)
    await occupy(a)
    expect(await isPortFree(a)).toBe(false)
  })

  test('found together are all different', async () => {
    const ports = Object.values(await findFreePorts(['a', 'b', 'c', 'd']))
    expect(new Set(ports).size).toBe(4)
  })

  test('are none that an outgoing connection may be given meanwhile', async () => {
    const ports = Object.values(await findFreePorts(['a', 'b', 'c', 'd']))
    expect(Math.max(...ports)).toBeLessThan(32_768)
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(16_384)
  })

  test('stay the same from start to start', async () => {
    const file = join(await temporaryFolder(), 'ports.json')
    const first = await keepPorts(file, ['a', 'b'])
    expect(await keepPorts(file, ['a', 'b'])).toEqual(first)
  })

  test('are replaced one by one when taken', async () => {
    const file = join(await temporaryFolder(), 'ports.json')
    const first = await keepPorts(file, ['a', 'b'])
    await occupy(first.a)
    const second = await keepPorts(file, ['a', 'b'])
    expect(second.a).not.toBe(first.a)
    expect(second.b).toBe(first.b)
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(second)
  })

  test('are chosen anew when the file is damaged', async () => {
    const file = join(await temporaryFolder(), 'ports.json')
    await writeFile(file, '{"a": 1')
    expect((await keepPorts(file, ['a'])).a).toBeGreaterThan(1)
  })
})

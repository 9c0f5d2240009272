import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectAnthropic } from '../../src/model/endpoint.ts'

/** A back end that lists one model, or answers `refuses` to those who ask for stages. */
async function serve(refuses?: number): Promise<{ list: () => Promise<string[]>; asked: string[] }> {
  const asked: string[] = []
  const server = createServer(({ url = '' }, response) => {
    const { searchParams } = new URL(url, 'http://localhost')
    const stages = searchParams.getAll('lifecycle[]')
    asked.push(stages.join())
    const isRefused = refuses !== undefined && stages.length > 0
    response.writeHead(isRefused ? refuses : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isRefused ? { error: { message: 'lifecycle: unknown' } } : { data: [{ id: 'm' }] }))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  const { models } = connectAnthropic({ apiKey: 'k', baseUrl: `http://127.0.0.1:${address.port}` })
  const list = async (): Promise<string[]> => {
    const ids: string[] = []
    for await (const { id } of models?.() ?? []) ids.push(id)
    return ids
  }
  return { list, asked }
}

describe('the models of a back end', () => {
  test('are those of every stage', async () => {
    const { list, asked } = await serve()
    expect(await list()).toEqual(['m'])
    expect(asked).toEqual(['active,deprecated,retired'])
  })

  test('are all that it lists where it knows no stages', async () => {
    const { list, asked } = await serve(400)
    expect(await list()).toEqual(['m'])
    expect(asked).toEqual(['active,deprecated,retired', ''])
  })

  test('are not asked for again where the question was fine', async () => {
    const { list, asked } = await serve(500)
    await expect(list()).rejects.toMatchObject({ status: 500 })
    expect(asked).toHaveLength(1)
  })
})

import { describe, expect, test } from 'vitest'
import { createConfigurations } from '../../src/activities/configurations.ts'
import { estimateBytes } from '../../src/activities/recent.ts'
import { agentWith } from './agent.ts'

const configuration = (id: string) => ({ id, agent: agentWith(), harness: 'h1' })

describe('configurations', () => {
  test('are read once, and are there while the database is not', async () => {
    let isAway = false
    const find = createConfigurations(async (session) => {
      if (isAway) throw new Error('no connection')
      return configuration(`cfg of ${session}`)
    })
    const first = await find('a')
    isAway = true
    expect(await find('a')).toBe(first)
    await expect(find('b')).rejects.toThrow('no connection')
  })

  test('that are not there are looked for again', async () => {
    const answers = [null, configuration('cfg')]
    const find = createConfigurations(async () => answers.shift() ?? null)
    expect(await find('a')).toBeNull()
    expect(await find('a')).toMatchObject({ id: 'cfg' })
  })

  test('are the ones that are named, for the session that names them alone', async () => {
    const read: string[] = []
    const find = createConfigurations(async (session, id) => {
      read.push(`${session} ${id}`)
      return session === 'a' ? configuration(id ?? 'first') : null
    })
    const named = [await find('a'), await find('a', 'cfg_2'), await find('a', 'cfg_2'), await find('a')]
    expect(named.map((found) => found?.id)).toEqual(['first', 'cfg_2', 'cfg_2', 'first'])
    expect(await find('b', 'cfg_2')).toBeNull()
    expect(read).toEqual(['a undefined', 'a cfg_2', 'b cfg_2'])
  })

  test('are kept within a number of bytes, for the sessions that were used last', async () => {
    const read: string[] = []
    const find = createConfigurations(
      async (session) => {
        read.push(session)
        return configuration(session)
      },
      3 * estimateBytes(configuration('one')),
    )
    for (const session of ['one', 'two', 'six', 'one', 'ten']) await find(session)
    read.length = 0
    for (const session of ['one', 'ten', 'six', 'two']) await find(session)
    expect(read).toEqual(['two'])
  })
})

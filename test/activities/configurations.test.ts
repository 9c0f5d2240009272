import { describe, expect, test } from 'vitest'
import { createConfigurations } from '../../src/activities/configurations.ts'
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

  test('are kept for the sessions that were used last', async () => {
    const read: string[] = []
    const find = createConfigurations(async (session) => {
      read.push(session)
      return configuration(session)
    })
    await find('first')
    await find('second')
    for (let n = 0; n < 498; n++) await find(`s${n}`)
    await find('first')
    await find('one more')
    read.length = 0
    await find('first')
    await find('second')
    expect(read).toEqual(['second'])
  })
})

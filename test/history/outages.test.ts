import { expect, test } from 'vitest'
import { createOutages } from '../../src/history/outages.ts'

function open() {
  const said: string[] = []
  const outages = createOutages({
    warn: (details, text) => void said.push(`warn ${text} ${JSON.stringify(details)}`),
    info: (details, text) => void said.push(`info ${text} ${JSON.stringify(details)}`),
  })
  return { outages, said }
}

const AWAY = 'warn history cannot be followed; trying again, ever more slowly {"err":"no","session":"a"}'

test('an outage of many sessions is told of once when it begins and once when the last is back', () => {
  const { outages, said } = open()
  for (const session of ['a', 'b', 'a', 'c']) outages.began(session, 'no')
  for (const session of ['b', 'a']) outages.over(session)
  expect(said).toEqual([AWAY])
  for (const session of ['c', 'c', 'd']) outages.over(session)
  expect(said).toEqual([AWAY, 'info history is followed again {"sessions":3}'])
})

test('a session that nobody follows any more brings no news', () => {
  const { outages, said } = open()
  outages.began('a', 'no')
  outages.left('a')
  outages.over('a')
  expect(said).toEqual([AWAY])
  outages.began('a', 'no')
  expect(said).toEqual([AWAY, AWAY])
})

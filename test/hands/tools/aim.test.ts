import { describe, expect, test } from 'vitest'
import { aimedDefinitions, takeAim } from '../../../src/hands/tools/aim.ts'
import { toolDefinitions } from '../../../src/hands/tools/definitions.ts'

const hands = async () => ['gpu', 'web']

describe('tools in sessions with several hands', () => {
  test('take the name of a hand beside what they take anyway', () => {
    const aimed = aimedDefinitions(toolDefinitions, ['gpu', 'web'])
    expect(aimed.map(({ name }) => name)).toEqual(toolDefinitions.map(({ name }) => name))
    for (const [index, { input_schema: schema, description }] of aimed.entries()) {
      const { environment, ...properties } = schema.properties
      expect(environment).toMatchObject({ type: 'string', enum: ['main', 'gpu', 'web'] })
      expect({ ...schema, properties }).toEqual(toolDefinitions[index]?.input_schema)
      expect(description).toBe(toolDefinitions[index]?.description)
    }
  })
})

describe('the hand that a call names', () => {
  test.each<[string, unknown, string | undefined]>([
    ['a hand of the session', 'gpu', 'gpu'],
    ['the main one', 'main', undefined],
    ['the main one by its name', 'main', 'main'],
    ['none, which is the main one', null, undefined],
  ])('is taken out of the input: %s', async (_, environment, hand) => {
    const context = { hands, ...(hand === undefined ? {} : { hand }) }
    expect(await takeAim('bash', { command: 'ls', environment }, context)).toEqual({ input: { command: 'ls' } })
  })

  test.each<[unknown, string | undefined, string]>([
    ['nowhere', undefined, '"nowhere"'],
    [7, undefined, '7'],
    ['gpu', undefined, '"gpu"'],
    ['lost', 'lost', '"lost"'],
    ['x'.repeat(99), undefined, `"${'x'.repeat(59)}…`],
  ])('is told to be none of the session’s: %j', async (environment, hand, shown) => {
    const context = { hands, ...(hand === undefined ? {} : { hand }) }
    expect(await takeAim('bash', { environment }, context)).toEqual({
      problem: `bash: expected environment to be one of main, gpu, web, got ${shown}`,
    })
  })

  test('is a field like any other in a session with the main one alone', async () => {
    const input = { command: 'ls', environment: 'gpu' }
    expect(await takeAim('bash', input, {})).toEqual({ input })
    expect(await takeAim('bash', input, { hands: async () => [] })).toEqual({ input })
  })

  test.each([[{ command: 'ls' }], ['ls'], [null], [Object.create({ environment: 'gpu' })]])(
    'is not looked up for an input without one: %j',
    async (input) => {
      const asked = () => Promise.reject(new Error('expected nobody to ask'))
      expect(await takeAim('bash', input, { hands: asked })).toEqual({ input })
    },
  )
})

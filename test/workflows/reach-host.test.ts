import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common'
import type { TimeoutType } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { reachHost } from '../../src/workflows/reach-host.ts'

type Answer = { readonly elsewhere?: string; readonly said?: string } | Error

/** Answers in turn, the last answer for ever; `asked` are the hosts that it was asked on, `null` for the shared queue. */
function createHands(...answers: Answer[]) {
  const asked: (string | null)[] = []
  return {
    asked,
    async ask(host?: string): Promise<Exclude<Answer, Error>> {
      asked.push(host ?? null)
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? {}
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

function failed(cause: Error): ActivityFailure {
  return new ActivityFailure('failed', 'execute', '1', 'TIMEOUT', 'worker', cause)
}

function timedOut(type: TimeoutType): ActivityFailure {
  return failed(new TimeoutFailure('too late', undefined, type))
}

const unheard = timedOut('SCHEDULE_TO_START')
const done = { said: 'done' }

describe('a call', () => {
  test('is made of all hands where no host is known', async () => {
    const hands = createHands(done)
    expect(await reachHost(undefined, hands.ask)).toBe(done)
    expect(hands.asked).toEqual([null])
  })

  test('is made on the host that has its sandbox', async () => {
    const hands = createHands(done)
    expect(await reachHost('a', hands.ask)).toBe(done)
    expect(hands.asked).toEqual(['a'])
  })

  test.each([
    { of: 'goes where all hands say', answers: [{ elsewhere: 'b' }, done], asked: [null, 'b'] },
    {
      of: 'goes on from a host that has it no more',
      answers: [{ elsewhere: 'b' }, { elsewhere: 'c' }, done],
      asked: [null, 'b', 'c'],
    },
    {
      of: 'comes back from a host that does not hear it',
      answers: [{ elsewhere: 'b' }, unheard, done],
      asked: [null, 'b', null],
    },
    {
      of: 'is sent there again while that host beats',
      answers: [{ elsewhere: 'b' }, unheard, { elsewhere: 'b' }, done],
      asked: [null, 'b', null, 'b'],
    },
  ])('$of', async ({ answers, asked }) => {
    const hands = createHands(...answers)
    expect(await reachHost(undefined, hands.ask)).toBe(done)
    expect(hands.asked).toEqual(asked)
  })

  test.each([
    ['a beat that is missing', timedOut('HEARTBEAT')],
    ['hands that cannot be reached', failed(ApplicationFailure.nonRetryable('no', 'hands_unavailable'))],
    ['anything else', new Error('a mistake')],
  ])('ends with %s, wherever it was made', async (_, error) => {
    for (const host of [undefined, 'a']) await expect(reachHost(host, createHands(error).ask)).rejects.toBe(error)
  })

  test('that all hands do not hear ends', async () => {
    await expect(reachHost(undefined, createHands(unheard).ask)).rejects.toBe(unheard)
  })

  test('ends when a host beats and takes no calls, and says which', async () => {
    const hands = createHands(...Array.from({ length: 20 }, () => [{ elsewhere: 'b' }, unheard]).flat(), done)
    const ending = reachHost(undefined, hands.ask)
    await expect(ending).rejects.toMatchObject({
      cause: { message: 'hands: the host b of this sandbox takes no calls' },
    })
    expect(hands.asked).toHaveLength(40)
  })
})

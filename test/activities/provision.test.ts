import { ActivityCancellationDetails, ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { createProvision } from '../../src/activities/provision.ts'
import type { Made } from '../../src/hands/hands.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import type { Recipe } from '../../src/hands/recipe.ts'
import { RecipeFailed } from '../../src/hands/recipe.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { StoreAway } from '../../src/store/away.ts'
import { inActivity, quietEnvironment } from './in-activity.ts'

const input = { session: 'sesn_1', hand: 'main', supplies: 2 }
const made: Made = {
  hand: 'main',
  generation: 1,
  provider: 'local',
  host: 'a1',
  image: null,
  supplies: 2,
  restored: null,
}
const recipe: Recipe = { files: [], repositories: [], supplies: 2 }
const recipes = { recipeOf: async () => recipe, handsOf: async () => [], nameCalls: async () => ['bash `ls`'] }

function run(prepare: SandboxHands['prepare'], environment = quietEnvironment()) {
  const { provision } = createProvision({ prepare }, recipes)
  return inActivity(() => provision(input), environment)
}

describe('provision', () => {
  test('records the sandbox as one that the model has not been told of', async () => {
    expect(await run(async () => ({ made }))).toEqual({
      entries: [
        {
          type: 'log.provisioned',
          hand: 'main',
          generation: 1,
          provider: 'local',
          host: 'a1',
          supplies: 2,
          told: false,
        },
      ],
    })
  })

  test('says which hand of which session is meant, and what it is made of', async () => {
    await run(async (seeker) => {
      expect(seeker).toMatchObject({ sessionId: 'sesn_1', hand: 'main', supplies: 2 })
      expect(await seeker.recipe?.()).toEqual(recipe)
      return { made }
    })
  })

  test('records nothing where the sandbox is on another host, and says which', async () => {
    expect(await run(async () => ({ elsewhere: 'b2' }))).toEqual({ entries: [], elsewhere: 'b2' })
  })

  test.each([
    [new HandsUnavailable('no daemon'), 'hands_unavailable', false, 'hands: no daemon'],
    [new RecipeFailed('pip: no such package'), 'refused', true, 'hands: pip: no such package'],
  ])('fails with %s as %s', async (error, type, nonRetryable, message) => {
    const failing = run(async () => {
      throw error
    })
    await expect(failing).rejects.toThrow(ApplicationFailure)
    await expect(failing).rejects.toMatchObject({ type, nonRetryable, message })
  })

  test('lets a mistake of ours through as it is', async () => {
    await expect(
      run(async () => {
        throw new TypeError('ours')
      }),
    ).rejects.toThrow(TypeError)
  })

  test('asks again while the store is away', async () => {
    let asked = 0
    const came = await run(async () => {
      if (++asked === 1) throw new StoreAway('store: away')
      return { made }
    })
    expect([asked, came.entries.length]).toEqual([2, 1])
  })

  test('leaves when it is given up, whatever it waits for', async () => {
    const environment = quietEnvironment()
    let given: AbortSignal | undefined
    const running = run((seeker) => {
      given = seeker.signal
      environment.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }))
      return new Promise(() => undefined)
    }, environment)
    await expect(running).rejects.toThrow('CANCELLED')
    expect(given?.aborted).toBe(true)
  })
  test.each([
    ['its worker stops', { workerShutdown: true }],
    ['it was not heard for too long', { notFound: true }],
  ])('leaves what it began to the next attempt when %s', async (_, details) => {
    const environment = quietEnvironment()
    let given: AbortSignal | undefined
    const running = run((seeker) => {
      given = seeker.signal
      environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails(details))
      return new Promise(() => undefined)
    }, environment)
    await expect(running).rejects.toThrow('WORKER_SHUTDOWN')
    expect(given?.aborted).toBe(false)
  })
})

import { describe, expect, test } from 'vitest'
import { createDoorRenewal } from '../src/door-renewal.ts'
import { closedPermit } from '../src/permits.ts'
import { silentLog } from './support/silent-log.ts'

/** A gate with these doors, and tokens of sessions by their versions. */
function world(doors: readonly string[], versions: Record<string, number>) {
  const state = { doors, versions, renewed: [] as string[], asked: 0, isAway: false, during: () => {} }
  const renewal = createDoorRenewal(
    {
      names: async () => state.doors,
      renew: async (name) => {
        state.during()
        if (state.isAway) throw new Error('away')
        state.renewed.push(name)
      },
    },
    {
      permitOf: async () => closedPermit,
      versionsOf: async (sessions) => {
        state.asked++
        return new Map(Object.entries(state.versions).filter(([session]) => sessions.includes(session)))
      },
      log: silentLog,
    },
  )
  /** What one act renews. */
  async function renewedBy(act: () => Promise<void>): Promise<readonly string[]> {
    state.renewed = []
    await act()
    return state.renewed
  }
  return { state, renewal, renewedBy }
}

describe('the doors of sessions with tokens', () => {
  test('are given them once, and again when one has changed', async () => {
    const { state, renewal, renewedBy } = world(['sesn_1.1', 'sesn_1-web.1', 'sesn_2.1.b00t', 'sesn_3.1'], {
      sesn_1: 1,
      sesn_2: 4,
      sesn_9: 1,
    })
    expect(await renewedBy(() => renewal.look())).toEqual(['sesn_1.1', 'sesn_1-web.1', 'sesn_2.1.b00t'])
    expect(await renewedBy(() => renewal.look())).toEqual([])
    state.versions['sesn_2'] = 5
    expect(await renewedBy(() => renewal.look('sesn_2'))).toEqual(['sesn_2.1.b00t'])
  })

  test('are not looked at for a change of a session that is elsewhere', async () => {
    const { state, renewal } = world(['sesn_1.1'], { sesn_1: 1 })
    await renewal.look('sesn_2')
    expect(state.asked).toBe(0)
    const none = world([], { sesn_1: 1 })
    await none.renewal.look()
    expect(none.state.asked).toBe(0)
  })

  test('are all given theirs when the process is another one', async () => {
    const { renewal, renewedBy } = world(['sesn_1.1', 'sesn_2.1'], { sesn_1: 1, sesn_2: 1 })
    await renewal.look()
    expect(await renewedBy(() => renewal.begin())).toEqual(['sesn_1.1', 'sesn_2.1'])
  })

  test('are given them again by a process that begins while they are given to the one before', async () => {
    const { state, renewal, renewedBy } = world(['sesn_1.1'], { sesn_1: 1 })
    let begun: Promise<void> | undefined
    state.during = () => void (begun ??= renewal.begin())
    const renewed = await renewedBy(async () => {
      await renewal.look()
      await begun
    })
    expect(renewed).toEqual(['sesn_1.1', 'sesn_1.1'])
  })

  test('are tried again by the next look, each for itself', async () => {
    const { state, renewal, renewedBy } = world(['sesn_1.1', 'sesn_2.1'], { sesn_1: 1, sesn_2: 1 })
    state.during = () => (state.isAway = state.renewed.length === 0 && !state.isAway)
    expect(await renewedBy(() => renewal.look())).toEqual(['sesn_2.1'])
    state.during = () => {}
    state.isAway = false
    expect(await renewedBy(() => renewal.look())).toEqual(['sesn_1.1'])
  })

  test('are given them once more after one was opened, which may have older ones', async () => {
    const { state, renewal, renewedBy } = world(['sesn_1.1'], { sesn_1: 1 })
    await renewal.look()
    // Too late for the look that is under way.
    state.versions['sesn_1'] = 2
    state.during = () => renewal.opened('sesn_1')
    await renewal.look()
    state.during = () => {}
    state.doors = ['sesn_1.1', 'sesn_1.2']
    expect(await renewedBy(() => renewal.look())).toEqual(['sesn_1.1', 'sesn_1.2'])
    expect(await renewedBy(() => renewal.look())).toEqual([])
  })

  test('are forgotten with their session', async () => {
    const { state, renewal, renewedBy } = world(['sesn_1.1', 'sesn_2.1'], { sesn_1: 1, sesn_2: 1 })
    await renewal.look()
    state.doors = ['sesn_2.1']
    await renewal.look()
    state.doors = ['sesn_1.2', 'sesn_2.1']
    expect(await renewedBy(() => renewal.look())).toEqual(['sesn_1.2'])
  })

  test('are looked at once for all that ask while a look is under way', async () => {
    const { state, renewal } = world(['sesn_1.1'], { sesn_1: 1 })
    let others: Promise<unknown> | undefined
    state.during = () => void (others ??= Promise.all(Array.from({ length: 20 }, () => renewal.look())))
    await renewal.look()
    await others
    expect(state.asked).toBe(2)
  })

  test('are left as they are while the store is away', async () => {
    const away = createDoorRenewal(
      { names: async () => ['sesn_1.1'], renew: () => Promise.reject(new Error('expected none')) },
      {
        permitOf: async () => closedPermit,
        versionsOf: () => Promise.reject(new Error('away')),
        log: silentLog,
      },
    )
    await expect(away.look()).resolves.toBeUndefined()
  })
})

import { describe, expect, test } from 'vitest'
import type { EnvironmentRecipe } from '../../src/wire/environments.ts'
import type { Offer } from '../../src/wire/offers.ts'
import { refuseUnoffered } from '../../src/wire/offers.ts'
import { NO_PACKAGES } from '../support/packages.ts'
import { failure } from './failure.ts'

const local = { packages: false, runtimes: [] }
const docker = { packages: true, runtimes: ['runc'] }
const gvisor = { packages: true, runtimes: ['runc', 'runsc'] }
const packages = { ...NO_PACKAGES, pip: ['numpy'] }

describe('sandboxes that are asked for', () => {
  test.each<[string, EnvironmentRecipe | undefined, readonly Offer[]]>([
    ['nothing in particular', undefined, [local]],
    ['packages, while no host takes calls', { packages, runtime: 'runsc' }, []],
    ['packages', { packages }, [local, docker]],
    ['a runtime', { runtime: 'runsc' }, [docker, gvisor]],
    ['both', { packages, runtime: 'runsc' }, [gvisor]],
  ])('may have %s', (_, recipe, offers) => {
    expect(() => refuseUnoffered(recipe, offers)).not.toThrow()
  })

  test.each<[string, EnvironmentRecipe, readonly Offer[], RegExp]>([
    [
      'packages',
      { packages },
      [local],
      /^environment_id: its packages need Docker sandboxes, and no host here has them$/,
    ],
    ['a runtime', { runtime: 'kata' }, [docker, gvisor, local], /the runtime kata; there are: runc, runsc$/],
    ['a runtime', { runtime: 'kata' }, [local], /the runtime kata; there are: none, for that needs Docker sandboxes$/],
    [
      'packages under a runtime that another host has',
      { packages, runtime: 'runsc' },
      [docker, { packages: false, runtimes: ['runsc'] }],
      /the runtime runsc; there are: runc$/,
    ],
  ])('are refused with %s that no host has', (_, recipe, offers, message) => {
    expect(failure(() => refuseUnoffered(recipe, offers))).toMatchObject({
      kind: 'invalid_request',
      options: { code: 'not_supported' },
      message: expect.stringMatching(message),
    })
  })

  test('are refused by where the request names their environment', () => {
    const refused = failure(() => refuseUnoffered({ packages }, [local], 'metadata: longhand.hand.gpu'))
    expect(refused.message).toMatch(/^metadata: longhand\.hand\.gpu: its packages need/)
  })
})

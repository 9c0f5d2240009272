import { describe, expect, test } from 'vitest'
import type { HostOffer, HostRegistry } from '../../src/hands/hosts.ts'
import { newId } from '../store/builders.ts'

/** What the suite works with: registries of several processes, and a way to let time pass for them all. */
export interface HostWorld {
  /** Another process. */
  open(): Promise<HostRegistry>
  /** Puts all that was told of the host so many seconds further back. */
  age(host: string, seconds: number): Promise<void>
}

function offer(host: string, change: Partial<HostOffer> = {}): HostOffer {
  return { host, provider: 'local', packages: false, runtimes: [], ...change }
}

/** What every registry of hosts does. */
export function hostRegistrySuite(openWorld: () => Promise<HostWorld>): void {
  /** A registry whose own host has beaten for as long as anybody may ask for. */
  async function openSteady(world: HostWorld): Promise<HostRegistry> {
    const [registry, own] = [await world.open(), newId('host')]
    await registry.beat([offer(own)])
    await world.age(own, 3)
    for (let beats = 0; beats < 8; beats++) {
      await registry.beat([offer(own)])
      await world.age(own, 3)
    }
    await registry.beat([offer(own)])
    return registry
  }

  describe('a registry of hosts', () => {
    test('says of a host that beats that it does, to everybody', async () => {
      const world = await openWorld()
      const [one, other, host] = [await world.open(), await world.open(), newId('host')]
      await one.beat([offer(host)])
      expect([await one.look(host), await other.look(host)]).toEqual(['beating', 'beating'])
    })

    test.each([
      [5, 'beating'],
      [40, 'silent'],
    ] as const)('calls a host of which nothing was heard for %i s %s', async (seconds, state) => {
      const world = await openWorld()
      const [registry, other, host] = [await openSteady(world), await world.open(), newId('host')]
      await other.beat([offer(host)])
      await world.age(host, seconds)
      expect(await registry.look(host)).toBe(state)
    })

    test('calls a host silent that was never heard of', async () => {
      const registry = await openSteady(await openWorld())
      expect(await registry.look(newId('host'))).toBe('silent')
    })

    test('takes a host back that beats again', async () => {
      const world = await openWorld()
      const [registry, other, host] = [await openSteady(world), await world.open(), newId('host')]
      await other.beat([offer(host)])
      await world.age(host, 60)
      expect(await registry.look(host)).toBe('silent')
      await other.beat([offer(host)])
      expect(await registry.look(host)).toBe('beating')
    })

    test('says nothing of others where nobody beats himself', async () => {
      const world = await openWorld()
      expect(await (await world.open()).look(newId('host'))).toBe('unknown')
    })

    test('says nothing of others before it has beaten for long enough, and after a gap in that', async () => {
      const world = await openWorld()
      const [registry, own, gone] = [await world.open(), newId('host'), newId('host')]
      await registry.beat([offer(own)])
      expect(await registry.look(gone)).toBe('unknown')
      for (let beats = 0; beats < 8; beats++) {
        await world.age(own, 3)
        await registry.beat([offer(own)])
      }
      expect(await registry.look(gone)).toBe('silent')
      await world.age(own, 7)
      expect(await registry.look(gone)).toBe('unknown')
      await registry.beat([offer(own)])
      expect(await registry.look(gone)).toBe('unknown')
    })

    test('knows what the hosts that beat have, and nothing of the others', async () => {
      const world = await openWorld()
      const [one, other, names] = [await world.open(), await world.open(), [newId('host'), newId('host')]]
      const [host = '', silent = ''] = names
      const docker = offer(host, { provider: 'docker', packages: true, runtimes: ['runc', 'runsc'] })
      await one.beat([docker, offer(host)])
      await other.beat([offer(silent)])
      await world.age(silent, 16)
      const known = (await other.offers()).filter((each) => names.includes(each.host))
      expect(known).toEqual([docker, offer(host)])
      await one.beat([offer(host)])
      expect((await other.offers()).filter((each) => names.includes(each.host))).toEqual([offer(host)])
    })

    test('forgets a host of which nothing was heard for a month', async () => {
      const world = await openWorld()
      const [one, host] = [await world.open(), newId('host')]
      await one.beat([offer(host)])
      await world.age(host, 31 * 24 * 3600)
      await (await world.open()).beat([offer(newId('host'))])
      await world.age(host, -31 * 24 * 3600)
      expect(await one.look(host)).toBe('unknown')
    })
  })
}

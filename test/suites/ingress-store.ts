import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import type { IngressRequest, IngressRow } from '../../src/store/ingress.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { buildRequest, createSession, mint, newWorkspace } from '../store/builders.ts'

const otherHash = 'b'.repeat(64)
const longAgoMs = 60_000
const retried = { isRetry: true, retry: 1 } as const

/** What every ingress store does; each call of `open` is another process on the same database. */
export function ingressStoreSuite(open: () => Promise<Stores>): void {
  describe('ingress store', () => {
    test('commits a row with the minted ids', async () => {
      const { ingress } = await open()
      const [request, minted] = [buildRequest('default'), mint()]
      expect(await ingress.begin(request, () => minted)).toEqual({
        ...minted,
        workspaceId: 'default',
        target: request.target,
        state: 'begun',
      })
    })

    test('gives two requests without a key different rows, equal bodies or not', async () => {
      const { ingress } = await open()
      const request = buildRequest('default')
      expect((await row(ingress.begin(request, mint))).id).not.toBe((await row(ingress.begin(request, mint))).id)
    })

    test.each(['begun', 'accepted', 'answered'] as const)(
      'answers the same key with the row that is %s',
      async (state) => {
        const { ingress } = await open()
        const request = buildRequest('default', { key: 'k' })
        const first = await row(ingress.begin(request, mint))
        await advance(ingress, first.id, state)
        expect(await ingress.begin(request, mint)).toEqual({ ...first, state })
      },
    )

    test('calls the same key with another body a conflict', async () => {
      const { ingress } = await open()
      const request = buildRequest('default', { key: 'k' })
      await ingress.begin(request, mint)
      expect(await ingress.begin({ ...request, bodyHash: otherHash }, mint)).toEqual({ conflict: true })
      expect(await ingress.begin({ ...request, bodyHash: otherHash, ...retried }, mint)).toEqual({ conflict: true })
    })

    test.each<[string, Partial<IngressRequest>]>([
      ['under a key', { key: 'k' }],
      ['by a declared retry', retried],
    ])('finds the request that is repeated %s, and makes no row', async (_, change) => {
      const { ingress } = await open()
      const request = buildRequest('default', change)
      expect(await ingress.claim(request)).toBeNull()
      const first = await row(ingress.begin({ ...request, isRetry: false, retry: 0 }, mint))
      expect(await ingress.claim(request)).toEqual(first)
      expect(await ingress.claim({ ...request, bodyHash: otherHash })).toEqual(change.key ? { conflict: true } : null)
      expect(await ingress.claim({ ...request, key: null, isRetry: false, retry: 0 })).toBeNull()
    })

    test('scopes a key to its workspace and target', async () => {
      const stores = await open()
      const other = await newWorkspace(stores)
      const request = buildRequest('default', { key: 'k' })
      const rows = [request, { ...request, workspaceId: other }, buildRequest('default', { key: 'k' })].map((each) =>
        row(stores.ingress.begin(each, mint)),
      )
      expect(new Set((await Promise.all(rows)).map(({ id }) => id)).size).toBe(3)
    })

    test('gives identical requests that arrive at once one row', async () => {
      const processes = [await open(), await open()]
      const rounds = 100
      for (let round = 0; round < rounds; round++) {
        const request = buildRequest('default', { key: 'k' })
        const rows = await Promise.all(
          Array.from({ length: 8 }, (_, i) => row(processes[i % 2]!.ingress.begin(request, mint))),
        )
        expect(new Set(rows.map(({ ids }) => ids.join())).size).toBe(1)
      }
      console.log(`ingress store: n = ${rounds} races of 8 equal keys over 2 pools`)
    })

    test.each([0, 5, 8])(
      'gives 8 declared retries of %i equal requests that arrive at once a row each',
      async (made) => {
        const processes = [await open(), await open()]
        const rounds = 50
        for (let round = 0; round < rounds; round++) {
          const request = buildRequest('default')
          const beginAll = async (count: number, retry: number): Promise<ReadonlySet<string>> => {
            const numbered = { ...request, isRetry: retry > 0, retry }
            const begun = Array.from({ length: count }, (_, i) => row(processes[i % 2]!.ingress.begin(numbered, mint)))
            return new Set((await Promise.all(begun)).map(({ id }) => id))
          }
          const first = await beginAll(made, 0)
          const again = await beginAll(8, 1)
          expect(again.size).toBe(8)
          expect([...first].filter((id) => !again.has(id))).toEqual([])
          expect(await beginAll(8, 2)).toEqual(again)
        }
        console.log(`ingress store: n = ${rounds} races of 8 retries of ${made} requests over 2 pools, twice each`)
      },
    )

    test('takes retries of all numbers at once without refusing one', async () => {
      const processes = [await open(), await open()]
      const rounds = 100
      for (let round = 0; round < rounds; round++) {
        const request = buildRequest('default')
        for (let n = 0; n < 4; n++) await processes[n % 2]!.ingress.begin(request, mint)
        const ids = await Promise.all(
          Array.from({ length: 12 }, async (_, n) => {
            const retry = 1 + (n % 3)
            const { id } = await row(processes[n % 2]!.ingress.begin({ ...request, isRetry: true, retry }, mint))
            return `${retry} ${id}`
          }),
        )
        expect(new Set(ids).size).toBe(12)
      }
      console.log(`ingress store: n = ${rounds} races of 12 retries numbered 1 to 3 over 2 pools`)
    })

    test('lets one retry of each number have a row, and makes new ones for others', async () => {
      const { ingress } = await open()
      const request = buildRequest('default')
      const first = await row(ingress.begin(request, mint))
      const retry = (number: number) => row(ingress.begin({ ...request, isRetry: true, retry: number }, mint))
      expect(await retry(1)).toEqual(first)
      const second = await retry(1)
      expect(second.id).not.toBe(first.id)
      expect(new Set([await retry(3), await retry(3)].map(({ id }) => id))).toEqual(new Set([first.id, second.id]))
      const third = await retry(2)
      expect([first.id, second.id]).not.toContain(third.id)
    })

    test('gives a retry the row that was tried most often of those it may have', async () => {
      const { ingress } = await open()
      const request = buildRequest('default')
      const [, tried] = [
        await ingress.begin({ ...request, retry: 2 }, mint),
        await row(ingress.begin({ ...request, retry: 1 }, mint)),
        await ingress.begin(request, mint),
      ]
      expect((await row(ingress.begin({ ...request, isRetry: true, retry: 2 }, mint))).id).toBe(tried.id)
    })

    test('gives a retry what only began before what was accepted, however often that was tried', async () => {
      const { ingress } = await open()
      const request = buildRequest('default')
      const begun = await row(ingress.begin(request, mint))
      const tried = await row(ingress.begin({ ...request, retry: 1 }, mint))
      const newest = await row(ingress.begin(request, mint))
      for (const { id } of [tried, newest]) await ingress.accepted(id)
      const retry = async () => (await row(ingress.begin({ ...request, isRetry: true, retry: 2 }, mint))).id
      expect([await retry(), await retry(), await retry()]).toEqual([begun.id, tried.id, newest.id])
    })

    test.each(['begun', 'accepted'] as const)('lets a declared retry find the row that is %s', async (state) => {
      const { ingress } = await open()
      const request = buildRequest('default')
      const first = await row(ingress.begin(request, mint))
      await advance(ingress, first.id, state)
      expect(await ingress.begin({ ...request, ...retried }, mint)).toEqual({ ...first, state })
    })

    test.each<[string, Partial<IngressRequest>]>([
      ['has another body', { bodyHash: otherHash }],
      ['has another target', { target: 'sesn_other' }],
      ['has another workspace', { workspaceId: 'other' }],
      ['was made with a key', { key: 'k' }],
    ])('gives a declared retry a row of its own when the earlier one %s', async (_, change) => {
      const { ingress } = await open()
      const request = buildRequest('default')
      const first = await row(ingress.begin({ ...request, ...change }, mint))
      expect((await row(ingress.begin({ ...request, ...retried }, mint))).id).not.toBe(first.id)
    })

    test('gives a declared retry of an answered request a row of its own', async () => {
      const { ingress } = await open()
      const request = buildRequest('default')
      const first = await row(ingress.begin(request, mint))
      await ingress.answered(first.id)
      expect((await row(ingress.begin({ ...request, ...retried }, mint))).id).not.toBe(first.id)
    })

    test('gives a declared retry the newest row that fits', async () => {
      const { ingress } = await open()
      const request = buildRequest('default')
      await ingress.begin(request, mint)
      const answered = await row(ingress.begin(request, mint))
      const newest = await row(ingress.begin(request, mint))
      await ingress.answered(answered.id)
      expect((await row(ingress.begin({ ...request, ...retried }, mint))).id).toBe(newest.id)
    })

    test('never takes an answer back', async () => {
      const { ingress } = await open()
      const request = buildRequest('default', { key: 'k' })
      const { id } = await row(ingress.begin(request, mint))
      await ingress.answered(id)
      await ingress.accepted(id)
      expect((await row(ingress.begin(request, mint))).state).toBe('answered')
    })

    test('lists the ids accepted for a target, answered or not, and none that only began', async () => {
      const { ingress } = await open()
      const request = buildRequest('default')
      const [begun, accepted, answered] = [
        await row(ingress.begin(request, mint)),
        await row(ingress.begin(request, mint)),
        await row(ingress.begin(request, mint)),
      ]
      await advance(ingress, accepted.id, 'accepted')
      await advance(ingress, answered.id, 'answered')
      const ids = await ingress.acceptedIds(request.target, longAgoMs)
      expect(new Set(ids)).toEqual(new Set([...accepted.ids, ...answered.ids]))
      expect(ids).not.toContain(begun.ids[0])
      expect(await ingress.acceptedIds('sesn_other', longAgoMs)).toEqual([])
    })

    test('lists no ids accepted before the time asked for', async () => {
      const { ingress } = await open()
      const request = buildRequest('default')
      const { id } = await row(ingress.begin(request, mint))
      await ingress.accepted(id)
      expect(await ingress.acceptedIds(request.target, 0)).toEqual([])
    })

    test('prunes old rows only; a pruned key is free again', async () => {
      const { ingress } = await open()
      const request = buildRequest('default', { key: 'k' })
      const first = await row(ingress.begin(request, mint))
      await ingress.prune(new Date(Date.now() - longAgoMs))
      expect((await row(ingress.begin(request, mint))).id).toBe(first.id)
      await ingress.prune(new Date(Date.now() + longAgoMs))
      expect((await row(ingress.begin(request, mint))).id).not.toBe(first.id)
    })

    test.each([
      ['plain', {}],
      ['keyed', { key: 'k' }],
      ['retried', retried],
    ])('refuses a %s request for a deleted session', async (_, change) => {
      const stores = await open()
      const { id } = await createSession(stores, 'default')
      await stores.sessions.bury('default', id)
      await expect(stores.ingress.begin(buildRequest('default', { target: id, ...change }), mint)).rejects.toThrow(
        SessionBuried,
      )
    })
  })
}

async function row(begun: Promise<IngressRow | { readonly conflict: true }>): Promise<IngressRow> {
  const answer = await begun
  if ('conflict' in answer) throw new Error('expected a row, got a conflict')
  return answer
}

async function advance(ingress: Stores['ingress'], id: string, state: IngressRow['state']): Promise<void> {
  if (state !== 'begun') await ingress.accepted(id)
  if (state === 'answered') await ingress.answered(id)
}

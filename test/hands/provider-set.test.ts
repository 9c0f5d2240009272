import { describe, expect, test } from 'vitest'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import { createProviderSet } from '../../src/hands/provider-set.ts'
import { createFakeProvider } from './fake-provider.ts'

const key = { sessionId: 'sesn_1', generation: 1 }

/** Two kinds; rows say who made them. */
function build() {
  const [docker, local] = ['docker', 'local'].map((kind) => {
    const fake = createFakeProvider()
    return { ...fake, kind, provision: async (of: typeof key) => ({ ...(await fake.provision(of)), provider: kind }) }
  })
  if (!docker || !local) throw new Error('expected two providers')
  return { docker, local, set: createProviderSet(docker, [local]) }
}

describe('a set of providers', () => {
  test('makes sandboxes of the chosen kind', async () => {
    const { set } = build()
    expect(set.kind).toBe('docker')
    expect((await set.provision(key)).provider).toBe('docker')
  })

  test('has each look after its own, whoever is chosen', async () => {
    const { docker, local, set } = build()
    const row = await local.provision(key)
    expect(await set.attach(row)).not.toBeNull()
    await set.destroy(row)
    expect([local.destroyed, docker.destroyed]).toEqual([[row.reference], []])
    await expect(set.attach({ ...row, provider: 'k8s' })).rejects.toThrow('sandboxes of k8s cannot be reached')
  })

  test('lists what all have, also when one of the others cannot be reached', async () => {
    const { docker, local, set } = build()
    await docker.provision(key)
    await local.provision({ ...key, generation: 2 })
    expect((await set.list()).map(({ generation }) => generation)).toEqual([1, 2])
    local.list = () => Promise.reject(new HandsUnavailable('gone'))
    expect((await createProviderSet(docker, [local]).list()).map(({ generation }) => generation)).toEqual([1])
    await expect(createProviderSet(local, [docker]).list()).rejects.toThrow(HandsUnavailable)
  })
})

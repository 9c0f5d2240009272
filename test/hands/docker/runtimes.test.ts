import { describe, expect, test } from 'vitest'
import { hasOwnKernel, requireRuntime } from '../../../src/hands/docker/runtimes.ts'
import { RecipeFailed } from '../../../src/hands/recipe.ts'
import { createFakeEngine } from './fake-engine.ts'

describe('a container runtime', () => {
  test('has to be there when it is asked for', async () => {
    const engine = createFakeEngine()
    await requireRuntime(engine, undefined)
    await requireRuntime(engine, 'runc')
    const failure = await requireRuntime(engine, 'runsc').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RecipeFailed)
    expect(String(failure)).toContain('one that this host has (runc), got runsc')
  })

  test.each([
    [undefined, false],
    ['runc', false],
    ['crun', false],
    ['runsc', true],
    ['runsc-kvm', true],
    ['kata-runtime', true],
    ['io.containerd.kata.v2', true],
  ])('called %s brings a kernel of its own: %s', (name, does) => {
    expect(hasOwnKernel(name)).toBe(does)
  })
})

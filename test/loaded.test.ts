import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = join(import.meta.dirname, '..', 'src')
/** What is loaded for its types alone is not loaded. */
const IMPORT = /^(?:import|export) (?!type )[^'"]*?from '([^']+)'|\bimport\('([^']+)'\)/gm

/** Files of src, and packages, that are loaded with these files; of dynamic imports only those that `follows` names. */
async function loadedBy(files: readonly string[], follows: (specifier: string) => boolean): Promise<Set<string>> {
  const loaded = new Set<string>()
  const open = files.map((file) => join(SRC, file))
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    const name = relative(SRC, file)
    if (loaded.has(name)) continue
    loaded.add(name)
    for (const [, fixed, dynamic] of (await readFile(file, 'utf8')).matchAll(IMPORT)) {
      const specifier = fixed ?? dynamic ?? ''
      if (dynamic !== undefined && !follows(dynamic)) continue
      if (specifier.startsWith('.')) open.push(join(dirname(file), specifier))
      else loaded.add(specifier)
    }
  }
  return loaded
}

const SANDBOXES = ['sandboxes.ts', 'hands/local.ts', 'hands/docker/docker.ts', 'hands/docker/dockerode.ts', 'dockerode']

describe('what a process loads', () => {
  test('are no sandboxes, for the api', async () => {
    const loaded = await loadedBy(['api.ts'], () => true)
    expect(SANDBOXES.filter((name) => loaded.has(name))).toEqual([])
    expect(loaded).toContain('api/app.ts')
  })

  test('are no sandboxes, for a worker without hands', async () => {
    const loaded = await loadedBy(['worker.ts'], (specifier) => specifier !== './serving-hands.ts')
    expect(SANDBOXES.filter((name) => loaded.has(name))).toEqual([])
    expect(loaded).toContain('activities/model.ts')
  })

  test('is all of that, for a worker that has them', async () => {
    const loaded = await loadedBy(['worker.ts'], () => true)
    expect(SANDBOXES.filter((name) => !loaded.has(name))).toEqual([])
  })

  test('are no workflows and no model, for a worker of hands alone', async () => {
    const loaded = await loadedBy(['worker.ts'], (specifier) => specifier !== './serving-brain.ts')
    expect([...loaded].filter((name) => /^activities\/(?:model|workflow-bundle)\.ts$|^model\//.test(name))).toEqual([])
    expect(loaded).toContain('activities/execute.ts')
  })
})

import { builtinModules } from 'node:module'
import { beforeAll, describe, expect, test } from 'vitest'
import { modulesOf } from '../../src/activities/workflow-bundle.ts'
import type { Bundle } from './bundle.ts'
import { buildBundle } from './bundle.ts'

const LIMIT_MS = 60_000
/** The bundle without its source map. */
const MAX_BYTES = 800_000

let bundle: Bundle

beforeAll(async () => {
  bundle = await buildBundle()
}, LIMIT_MS)

function packagesOf(modules: readonly string[]): readonly string[] {
  const names = modules.flatMap((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? [])
  return [...new Set(names)].toSorted()
}

describe('the workflow bundle', () => {
  test('holds our workflows and the pure core, and nothing else of ours', () => {
    const own = modulesOf(bundle.code).filter((name) => name.startsWith('./src/'))
    expect(own).toEqual(expect.arrayContaining(['./src/workflows/session.ts', './src/session/decide.ts']))
    expect(own.filter((name) => !/^\.\/src\/(workflows|session|wire)\//.test(name))).toEqual([])
  })

  test('holds no package but Temporal’s own and what those need', () => {
    expect(packagesOf(modulesOf(bundle.code))).toEqual([
      '@temporalio/common',
      '@temporalio/workflow',
      'long',
      'ms',
      'nexus-rpc',
    ])
  })

  test('holds no module of Node’s', () => {
    const builtin = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)])
    expect(modulesOf(bundle.code).filter((name) => builtin.has(name) || name.startsWith('node:'))).toEqual([])
    expect(bundle.code).not.toMatch(/require\(["']node:/)
  })

  test('is small', () => {
    const [code = ''] = bundle.code.split('//# sourceMappingURL')
    console.info(
      `bundle: ${(code.length / 1024).toFixed(0)} KiB, ${modulesOf(bundle.code).length} modules; ${(bundle.code.length / 1024).toFixed(0)} KiB with its source map`,
    )
    expect(code.length).toBeLessThan(MAX_BYTES)
  })
})

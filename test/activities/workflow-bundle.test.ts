import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  bundleWorkflows,
  modulesOf,
  packageWorkflowBundle,
  prepareWorkflowBundle,
} from '../../src/activities/workflow-bundle.ts'
import { temporaryFolder } from '../support/programs.ts'

const LIMIT_MS = 60_000

interface Program {
  readonly folder: string
  readonly cache: string
  write(path: string, content: string): Promise<void>
}

/** A small program with the rooms that go into a bundle. */
async function createProgram(): Promise<Program> {
  const root = await temporaryFolder()
  const folder = join(root, 'src')
  async function write(path: string, content: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  await symlink(join(import.meta.dirname, '../../node_modules'), join(root, 'node_modules'))
  await write('workflows/index.ts', `export { greet } from '../session/greet.ts'\n`)
  await write('session/greet.ts', `export async function greet(): Promise<string> {\n  return 'first'\n}\n`)
  await write('wire/ids.ts', 'export const unused = 1\n')
  return { folder, cache: join(root, 'cache'), write }
}

const read = (file: string): Promise<string> => readFile(file, 'utf8')

describe('the bundle of a worker', { timeout: LIMIT_MS }, () => {
  test('is made once, also by two workers that start at once', async () => {
    const { folder, cache } = await createProgram()
    const [first, second] = await Promise.all([
      prepareWorkflowBundle(cache, folder),
      prepareWorkflowBundle(cache, folder),
    ])
    expect([first.from, second]).toEqual(['source', first])
    expect(await readdir(join(cache, 'workflows'))).toHaveLength(1)
    expect(await prepareWorkflowBundle(cache, folder)).toEqual({ file: first.file, from: 'cache' })
    expect(modulesOf(await read(first.file))).toContain('./src/session/greet.ts')
  })

  test('is another one when a file has changed, and the old one again when it has changed back', async () => {
    const { folder, cache, write } = await createProgram()
    const before = await prepareWorkflowBundle(cache, folder)
    const source = await read(join(folder, 'session/greet.ts'))
    await write('session/greet.ts', source.replace('first', 'second'))
    const after = await prepareWorkflowBundle(cache, folder)
    expect(after.from).toBe('source')
    expect(await read(after.file)).toContain(`return 'second'`)
    await write('session/greet.ts', source)
    expect(await prepareWorkflowBundle(cache, folder)).toEqual({ file: before.file, from: 'cache' })
  })

  test('is made anew where the file is not as it was written', async () => {
    const { folder, cache } = await createProgram()
    const { file } = await prepareWorkflowBundle(cache, folder)
    const whole = await read(file)
    await writeFile(file, whole.slice(0, whole.length / 2))
    expect(await prepareWorkflowBundle(cache, folder)).toEqual({ file, from: 'source' })
    expect(await read(file)).toBe(whole)
  })

  test('comes out of the package, unless its code was changed since', async () => {
    const { folder, cache, write } = await createProgram()
    const packaged = await packageWorkflowBundle(folder)
    expect(await prepareWorkflowBundle(cache, folder)).toEqual({ file: packaged, from: 'package' })
    await write('wire/ids.ts', 'export const unused = 2\n')
    expect(await prepareWorkflowBundle(cache, folder)).toMatchObject({ from: 'source' })
  })

  test('is refused with anything of ours that is not for workflows', async () => {
    const { folder, write } = await createProgram()
    await write('store/rows.ts', 'export const rows = []\n')
    await write('wire/ids.ts', `export { rows } from '../store/rows.ts'\n`)
    await write('workflows/index.ts', `export { rows } from '../wire/ids.ts'\n`)
    await expect(bundleWorkflows(folder)).rejects.toThrow('expected workflows without ./src/store/rows.ts')
  })

  test('tells nothing of the machine that made it', async () => {
    const root = join(import.meta.dirname, '../..')
    const code = await bundleWorkflows()
    const [text = '', map = ''] = code.split('//# sourceMappingURL=data:application/json;charset=utf-8;base64,')
    const names = Buffer.from(map, 'base64').toString('utf8')
    expect(names).toContain('src/workflows/session.ts')
    expect([text.includes(root), names.includes(root)]).toEqual([false, false])
  })
})

import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listBenchmarks, loadBenchmark } from '../../../bench/support/catalog.ts'
import { documentFile, renderDocument } from '../../../bench/support/document.ts'

// Loads every benchmark, and with them most of the service.
const slow = { timeout: 120_000 }

describe('document', () => {
  test('is what the committed results give: npm run bench -- docs', slow, async () => {
    expect(await readFile(documentFile, 'utf8')).toBe(await renderDocument())
  })
})

describe('catalog', () => {
  test('lists every file of the folder, the carrier last', async () => {
    const files = (await readdir(join(import.meta.dirname, '../../../bench'))).filter((file) => file.endsWith('.ts'))
    const names = await listBenchmarks()
    expect(names.map((name) => `${name}.ts`).toSorted()).toEqual(files.toSorted())
    expect(names.at(-1)).toBe('carrier')
  })

  test('finds in every file a benchmark of the file’s name', slow, async () => {
    const names = await listBenchmarks()
    const loaded = await Promise.all(names.map(loadBenchmark))
    expect(loaded.map(({ name }) => name)).toEqual(names)
  })
})

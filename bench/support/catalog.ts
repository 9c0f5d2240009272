import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Benchmark } from './benchmark.ts'

/** In this order they run and stand in the document; those that are not named here come behind, by name. */
const order = [
  'ingest',
  'deltas',
  'ttft',
  'ttft-arms',
  'turns',
  'tool-turn',
  'history',
  'history-growth',
  'gap',
  'listing',
  'context',
  'sandbox',
  'hands',
  'egress',
  'interrupt',
  'recovery',
  'streams',
  'throughput',
]

const folder = join(import.meta.dirname, '..')

/** The names of all benchmarks, in order. */
export async function listBenchmarks(): Promise<readonly string[]> {
  const names = (await readdir(folder)).flatMap((file) => /^([\w-]+)\.ts$/.exec(file)?.[1] ?? [])
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length)
  return names.toSorted((a, b) => place(a) - place(b) || a.localeCompare(b))
}

/** A name of `listBenchmarks` as its file describes it. */
export async function loadBenchmark(name: string): Promise<Benchmark> {
  // Every file of the folder exports its benchmark so; test/bench/support/document.test.ts looks.
  const { benchmark } = (await import(pathToFileURL(join(folder, `${name}.ts`)).href)) as { benchmark: Benchmark }
  return benchmark
}

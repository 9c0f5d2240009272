import { cpus } from 'node:os'
import { defineConfig } from 'vitest/config'

// vitest 5.1 reports failures with two functions that Node 20, the oldest version supported here, does not have yet:
// without them a failing test ends the reporter instead of being printed.
function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  let index = 0
  for (const item of items) {
    const key = keyOf(item, index++)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}
if (!('groupBy' in Map)) Object.defineProperty(Map, 'groupBy', { value: groupBy })
if (!('groupBy' in Object))
  Object.defineProperty(Object, 'groupBy', {
    value: <T>(items: Iterable<T>, keyOf: (item: T, index: number) => PropertyKey) =>
      Object.fromEntries(groupBy(items, keyOf)),
  })

/**
 * Forks, because a worker's native core does not live in threads. No retries: a test that fails at times is a defect.
 * Teardown waits for what ends by itself and clears away what does not.
 */
export const settings = { pool: 'forks', retry: 0, teardownTimeout: 60_000 } as const

/**
 * Two projects, told apart by the file's name:
 *
 * - `*.test.ts` → `unit`: needs nothing but Node. No Temporal, no Postgres, no bubblewrap. `npm run check` runs these.
 * - `*.server.test.ts` → `integration`: needs one of the three; the global set-up starts what they share.
 *   `npm test` runs both.
 *
 * `test/long/*.long.test.ts` belongs to neither: `npm run test:long -- <suite>` (vitest.long.config.ts).
 */
const servers = 'test/**/*.server.test.ts'
const long = 'test/long/**'

export default defineConfig({
  test: {
    ...settings,
    maxWorkers: Math.min(2, cpus().length),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [servers, long],
          globalSetup: ['./test/support/run-setup.ts'],
          // A process for each of the files would spend half of its time on loading the same modules again.
          isolate: false,
          testTimeout: 10_000,
          expect: { poll: { timeout: 5_000 } },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: [servers],
          exclude: [long],
          globalSetup: ['./test/support/run-setup.ts', './test/support/global-setup.ts'],
          // Against what hangs: a busy machine with two cores takes a minute for what takes a quiet one seconds.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/session/**/*.ts'],
      reporter: ['json-summary', 'html'],
      thresholds: { branches: 100 },
    },
  },
})

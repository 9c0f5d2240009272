import { setTimeout as delay } from 'node:timers/promises'
import { condense } from './condense.ts'
import type { Faults } from './judge.ts'
import { addFaults, judge, judgeBeginning, noFaults } from './judge.ts'
import type { Reader, Seen } from './reader.ts'
import { madeAt, openReader } from './reader.ts'
import type { Channel, Expectation, Order, Report, Reply, Target } from './readers.ts'

/** Streams that are being opened at a time. */
const atOnce = 50
const lookMs = 50

interface Group {
  readonly readers: readonly Reader[]
}

let groups: readonly Group[] = []

async function open(targets: readonly Target[]): Promise<void> {
  const opened = targets.map(({ url, headers, readers }) => ({
    url,
    headers,
    readers: [] as Reader[],
    wanted: readers,
  }))
  const queue = opened.flatMap((target) => Array.from({ length: target.wanted }, () => target))
  const work = async (): Promise<void> => {
    for (let target = queue.shift(); target; target = queue.shift())
      target.readers.push(await openReader(target.url, target.headers))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  groups = opened
}

/** Waits until every reader has seen the last of what it is to see, or for `patienceMs`, then compares. */
async function report({ channel, expected, madeAt: given, patienceMs }: Expectation): Promise<Report> {
  const deadline = Date.now() + patienceMs
  const isThere = (): boolean =>
    groups.every(({ readers }, index) =>
      readers.every((reader) => {
        const last = expected[index]?.at(-1)
        return last === undefined || reader[channel].keys.includes(last)
      }),
    )
  while (!isThere() && Date.now() < deadline) await delay(lookMs)

  const latency: number[] = []
  const spread: number[] = []
  let faults: Faults = noFaults
  let shed = 0
  const broken: string[] = []
  for (const [index, { readers }] of groups.entries()) {
    const own = readers.map((reader) => reader[channel])
    const first = findFirst(own)
    const wanted = new Set(expected[index])
    for (const { keys, at } of own) {
      const list = expected[index] ?? []
      // Previews are best effort: a client that gets no more of one has the final event.
      const found = channel === 'delta' ? judgeBeginning(keys, list) : { ...judge(keys, list), shed: 0 }
      faults = addFaults(faults, found)
      shed += found.shed
      for (const [place, key] of keys.entries()) {
        const made = given?.[index]?.[key] ?? madeAt.get(key)
        const read = at[place] ?? Number.NaN
        if (!wanted.has(key) || made === undefined) continue
        latency.push(read - made)
        spread.push(read - (first.get(key) ?? Number.NaN))
      }
    }
    broken.push(...readers.flatMap((reader) => reader.fault() ?? []))
  }
  return { deliveries: latency.length, latency: condense(latency), spread: condense(spread), faults, shed, broken }
}

/** When the first of the readers had each key. */
function findFirst(all: readonly Seen[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>()
  for (const { keys, at } of all)
    for (const [place, key] of keys.entries())
      first.set(key, Math.min(first.get(key) ?? Infinity, at[place] ?? Infinity))
  return first
}

/** What was seen so far does not count any more. */
function forget(channels: readonly Channel[]): void {
  for (const { readers } of groups)
    for (const reader of readers)
      for (const channel of channels) {
        reader[channel].keys.length = 0
        reader[channel].at.length = 0
      }
}

function close(): void {
  for (const { readers } of groups) for (const reader of readers) reader.close()
  groups = []
}

async function obey(order: Order): Promise<Reply> {
  switch (order.do) {
    case 'open':
      await open(order.targets)
      return {}
    case 'report':
      return { report: await report(order) }
    case 'forget':
      forget(['event', 'delta'])
      return {}
    case 'close':
      close()
      return {}
  }
}

process.on('message', (order: Order) => {
  void obey(order).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ error: String(error) } satisfies Reply),
  )
})
process.once('disconnect', () => process.exit())

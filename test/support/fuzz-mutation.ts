import type { Random } from './fuzz-random.ts'
import { isNode } from './fuzz-sample.ts'

/** JSON text that no value in memory writes as; put in place of the texts that name it. */
const RAW: readonly (readonly [string, string])[] = [
  ['#1e400', '1e400'],
  ['#-1e400', '-1e400'],
  ['#-0', '-0'],
  ['#2^53+1', '9007199254740993'],
  ['#1.0', '1.0'],
  ['#half', String.raw`"\ud800"`],
  ['#other half', String.raw`"x\udc00y"`],
  ['#nul', String.raw`"a\u0000b"`],
  ['#twice', '{"type":"user.message","type":"agent.message"}'],
  ['#deep', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
  ['#deep objects', `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`],
]

/** Texts that something somewhere takes for more than text. */
export const HORRORS: readonly string[] = [
  '',
  ' ',
  '\u0001\u007f\u0085',
  '\u202eevil\u202c',
  '\ufeffx',
  '\ufffd',
  'e\u0301',
  '😀'.repeat(65),
  'İ'.repeat(300),
  'x'.repeat(70_000),
  '\r\nset-cookie: a=b\r\n\r\n',
  '\n\ndata: {"type":"session.deleted"}\n\n',
  "'; drop table sessions; --",
  '{{7*7}}${7*7}%s%n',
  '../../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '1e400',
  '-1',
  '0',
  '2147483648',
  'data:text/html,<script>',
  'http://127.0.0.1:1/',
  '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>',
]

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'id',
  'type',
  'status',
  'workspace_id',
  'archived_at',
  'x'.repeat(100),
  '',
  '😀',
  'a\nb',
]

/** Changes one to three places of a JSON value; `others` are values to put where they do not belong. */
export function mutate(value: unknown, random: Random, others: readonly string[]): unknown {
  let mutated = value
  for (let rounds = 1 + random.below(3); rounds > 0; rounds--) mutated = mutateAt(mutated, random, others)
  return mutated
}

/** The value as JSON, with what no value in memory can be. */
export function toText(value: unknown): string {
  let text = JSON.stringify(value) ?? ''
  for (const [name, raw] of RAW) text = text.replaceAll(JSON.stringify(name), raw)
  return text
}

/** Walks down at random; the deeper, the likelier it stops. */
function mutateAt(value: unknown, random: Random, others: readonly string[]): unknown {
  const isBranch = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (isBranch && random.chance(0.75)) {
    if (Array.isArray(value)) {
      const at = random.below(value.length)
      return value.map((item: unknown, index) => (index === at ? mutateAt(item, random, others) : item))
    }
    const entries = Object.entries(value)
    const at = random.below(entries.length)
    return Object.fromEntries(
      entries.map(([key, child], index) => [key, index === at ? mutateAt(child, random, others) : child]),
    )
  }
  if (Array.isArray(value) && random.chance(0.6)) return mutateList(value, random)
  if (isNode(value) && random.chance(0.7)) return mutateObject(value, random)
  return replacement(value, random, others)
}

function mutateList(list: readonly unknown[], random: Random): unknown[] {
  const kind = random.below(4)
  if (kind === 0) return []
  if (kind === 1) return [...list, ...list]
  if (kind === 2) return Array.from({ length: random.pick([2, 51, 101, 257, 1001]) }, () => list[0] ?? 'x')
  return [...list, null]
}

function mutateObject(object: Readonly<Record<string, unknown>>, random: Random): unknown {
  const entries = Object.entries(object)
  const at = random.below(Math.max(1, entries.length))
  const kind = random.below(4)
  if (kind === 0) return Object.fromEntries(entries.filter((_, index) => index !== at))
  if (kind === 1) return Object.fromEntries([...entries, [random.pick(KEYS), random.pick(['x', 1, null, {}])]])
  if (kind === 2)
    return Object.fromEntries(entries.map(([key, child], index) => [index === at ? random.pick(KEYS) : key, child]))
  // Two values change places.
  const values = entries.map(([, child]) => child)
  return Object.fromEntries(entries.map(([key], index) => [key, values[(index + 1) % values.length]]))
}

function replacement(value: unknown, random: Random, others: readonly string[]): unknown {
  const kind = random.below(6)
  if (kind === 0) return random.pick(RAW)[0]
  if (kind === 1) return random.pick(others)
  if (kind === 2) return random.pick([null, true, 0, -1, 1.5, 2 ** 31, [], {}, [[]], [null], { type: 'x' }])
  if (kind === 3 && typeof value === 'number')
    return random.pick([value - 1, value + 1, -value, value * 1e6, String(value)])
  if (kind === 3 && typeof value === 'string')
    return random.pick([value + value, value.toUpperCase(), `${value} `, value.slice(1)])
  if (kind === 4) return [value]
  return random.pick(HORRORS)
}

import { createHash } from 'node:crypto'
import type { JsonObject } from '../json.ts'
import type { DemoRequest } from './request.ts'

/** Tokens of a request's input, split as the API bills them. */
export interface InputUsage {
  readonly input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_read_input_tokens: number
  readonly cache_creation: { readonly ephemeral_5m_input_tokens: number; readonly ephemeral_1h_input_tokens: number }
}

export interface PromptCache {
  /** Counts a request's input against what earlier requests left in the cache, and leaves its own prefixes there. */
  measure(request: DemoRequest): InputUsage
}

/** As many blocks before a breakpoint are searched for a prefix that an earlier request left. */
const LOOKBACK = 20
const MOST_PREFIXES = 10_000

/**
 * The API's prompt cache: a prefix (tools, system, messages) that ends at a breakpoint is read by a later request that
 * repeats it byte for byte. No least size and no expiry, so that a lost prefix shows in every test.
 */
export function createPromptCache(): PromptCache {
  const known = new Set<string>()
  return {
    measure(request) {
      const prefixes = readPrefixes(request)
      const marked = prefixes.filter(({ ttl }) => ttl !== undefined)
      const written = marked.at(-1)
      const read = prefixes.findLast(({ hash, index }) => known.has(hash) && isNear(index, marked))
      for (const { hash } of marked) remember(known, hash)
      const total = prefixes.at(-1)?.tokens ?? 0
      const cached = read?.tokens ?? 0
      const created = Math.max(0, (written?.tokens ?? 0) - cached)
      const isLong = written?.ttl === '1h'
      return {
        input_tokens: total - cached - created,
        cache_creation_input_tokens: created,
        cache_read_input_tokens: cached,
        cache_creation: {
          ephemeral_5m_input_tokens: isLong ? 0 : created,
          ephemeral_1h_input_tokens: isLong ? created : 0,
        },
      }
    },
  }
}

/** A rule of thumb that is the same everywhere and for ever. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4)
}

interface Prefix {
  readonly index: number
  /** Of everything up to and with this block. */
  readonly hash: string
  readonly tokens: number
  /** Set where a breakpoint stands. */
  readonly ttl: string | undefined
}

function readPrefixes({ model, tools, system, messages }: DemoRequest): readonly Prefix[] {
  const blocks = [
    ...tools,
    ...system,
    ...messages.flatMap(({ role, content }) => content.map((block) => ({ ...block, role }))),
  ]
  let hash = model
  let tokens = 0
  return blocks.map((block: JsonObject, index) => {
    const { cache_control: control, ...rest } = block
    const text = JSON.stringify(rest)
    hash = createHash('sha256').update(hash).update(text).digest('hex')
    tokens += countTokens(text)
    return { index, hash, tokens, ttl: readTtl(control) }
  })
}

function readTtl(control: unknown): string | undefined {
  if (typeof control !== 'object' || control === null) return undefined
  return 'ttl' in control ? String(control.ttl) : '5m'
}

function isNear(index: number, marked: readonly Prefix[]): boolean {
  return marked.some((mark) => index <= mark.index && mark.index - index < LOOKBACK)
}

function remember(known: Set<string>, hash: string): void {
  known.delete(hash)
  known.add(hash)
  const [oldest] = known
  if (known.size > MOST_PREFIXES && oldest !== undefined) known.delete(oldest)
}

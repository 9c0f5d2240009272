import type { ModelUsage } from '../wire/types.ts'
import type { BlobRef } from './entry.ts'
import { noModelUsage } from './usage.ts'

/** What is known of the model's next request before it is made: one that is given up, nobody counts. */
export interface RequestSize {
  /** Tokens of the conversation up to the last answer, which is one of them. */
  readonly tokens: number
  /** What is left of them at least when old tool results are left out. */
  readonly least: number
  /** Characters that came since then. */
  readonly heard: number
  /** Characters that came behind an answer of the model that is not counted yet; absent: none. */
  readonly ahead?: number
}

const NOTHING: RequestSize = { tokens: 0, least: 0, heard: 0 }
/** More than most texts have to a token, so that a request is not counted for longer than it was. */
const CHARACTERS_PER_TOKEN = 4

/** The size in a state, which may be older than the field. */
export function sizeOf({ size }: { readonly size?: RequestSize }): RequestSize {
  return size ?? NOTHING
}

/** Something is said to the model, by a user or a tool. */
export function afterWords(size: RequestSize, content?: readonly object[], blobs?: readonly BlobRef[]): RequestSize {
  return { ...size, heard: size.heard + lengthOf(content, blobs) }
}

/** A client's answer to a call; with `isAhead` to one of an answer of the model that is not counted yet. */
export function afterResult(size: RequestSize, length: number, isAhead: boolean): RequestSize {
  return isAhead ? { ...size, ahead: (size.ahead ?? 0) + length } : { ...size, heard: size.heard + length }
}

/** Characters of its texts, wherever they are kept. */
export function lengthOf(content: readonly object[] = [], blobs: readonly BlobRef[] = []): number {
  const here = content.map((block) => ('text' in block && typeof block.text === 'string' ? block.text.length : 0))
  const elsewhere = blobs.map(({ path, length }) => (path.at(-1) === 'text' ? length : 0))
  return [...here, ...elsewhere].reduce((sum, length) => sum + length, 0)
}

/** The model has answered all that it was sent. */
export function afterReply({ least, ahead = 0 }: RequestSize, usage: ModelUsage): RequestSize {
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens } = usage
  const tokens = input_tokens + cache_read_input_tokens + cache_creation_input_tokens + output_tokens
  return { tokens, least: least === 0 ? tokens : least, heard: ahead }
}

/** Its summary stands for all but what it has not answered yet. */
export function afterShortening({ heard }: RequestSize, { output_tokens: tokens }: ModelUsage): RequestSize {
  return { tokens, least: tokens, heard }
}

/** @param isCut inputs too, of which nothing is sure to be left. */
export function afterRoom({ least, heard }: RequestSize, isCut: boolean): RequestSize {
  return isCut ? NOTHING : { tokens: least, least, heard }
}

/** What the request costs at least: what was said before comes from the provider's cache at best, and no answer is told. */
export function leastUsage({ tokens, heard }: RequestSize): ModelUsage {
  const input_tokens = Math.floor(heard / CHARACTERS_PER_TOKEN)
  return { ...noModelUsage(), input_tokens, cache_read_input_tokens: tokens }
}

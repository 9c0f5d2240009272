import type { RunResult } from '../sandbox.ts'
import { describeRefusal } from './paths.ts'
import { cut, toPieces } from './text.ts'
import type { ToolCall } from './tool.ts'

/** Characters of an output that the model gets whole. */
export const TEXT_LIMIT = 100_000
/** What holds that many in any case: a longer output has more, and comes without its middle. */
export const SHOWN_BYTES = 4 * 102_400
/** Characters shown from either end of a longer one. */
const shownEnd = 2_000
/** The same where the whole could be kept nowhere. */
const shownEndOfLost = 48_000

/** Whether a text is too long for the model. */
export function isLong(text: string): boolean {
  return text.length > TEXT_LIMIT && Array.from(text).length > TEXT_LIMIT
}

/** Both ends of a text, between them what is to be known of its middle. */
export function toPreview(pieces: readonly string[], note: string, end = shownEnd): string {
  return `${cut(pieces[0] ?? '', end)}\n[${note}]\n${cut(pieces.at(-1) ?? '', -end)}`
}

/**
 * What the model gets of a command's output: up to 100,000 characters whole; of a longer one both ends and the name of
 * the file in the sandbox that has the whole. `clean` turns its text into what is to be shown.
 */
export async function presentOutput(
  result: RunResult,
  { sandbox, id }: ToolCall,
  clean: (text: string) => string,
): Promise<string> {
  const pieces = toPieces(result).map(clean)
  const [text = '', tail] = pieces
  if (tail === undefined && !isLong(text)) return text
  const bytes = result.output.length + (result.truncated?.bytes ?? 0)
  const size = `${group(bytes)} bytes of output, too long to show`
  const kept = await sandbox.keep(id)
  if (kept.type === 'kept') {
    const but = kept.missing === 0 ? '' : ` but for ${group(kept.missing)} bytes in the middle`
    return toPreview(
      pieces,
      `${size}. It is in ${kept.path}${but}: read parts of it with view_range, or use grep, head and tail on it`,
    )
  }
  const why = kept.type === 'lost' ? 'it is gone' : describeRefusal(kept.path, kept.reason)
  return toPreview(pieces, `${size}. What is left out here could not be kept: ${why}`, shownEndOfLost)
}

export function group(count: number): string {
  return count.toLocaleString('en-US')
}

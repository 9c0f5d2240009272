import type { RunResult } from '../sandbox.ts'

const bell = '\u0007'
const escape = '\u001B'
/** Colours and cursor movements, and titles: `ESC [ … letter`, `ESC ] … BEL`. */
const terminalCodes = new RegExp(
  `${escape}(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^${bell}${escape}]*(?:${bell}|${escape}\\\\))`,
  'g',
)

/** Bytes as text that every store can keep: what is not UTF-8 and U+0000 become U+FFFD. */
export function toText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replaceAll('\0', '\u{FFFD}')
}

/** Takes out what is meant for a terminal. */
export function stripTerminalCodes(text: string): string {
  return text.replace(terminalCodes, '')
}

/** The text of an output in one piece or, where bytes were left out, what is before and what is behind them. */
export function toPieces({ output, truncated }: Pick<RunResult, 'output' | 'truncated'>): readonly string[] {
  if (truncated === null) return [toText(output)]
  const head = withoutHalfEnd(output.subarray(0, truncated.at))
  return [toText(head), toText(withoutHalfStart(output.subarray(truncated.at)))]
}

/** As many of its characters as `count`, none of them cut in half; from the end where it is negative. */
export function cut(text: string, count: number): string {
  // No character has more than two units.
  const near = count < 0 ? text.slice(2 * count) : text.slice(0, 2 * count)
  const characters = Array.from(near)
  return (count < 0 ? characters.slice(count) : characters.slice(0, count)).join('')
}

/** A cut must not look like bad data: the first bytes of a character whose rest was cut off are dropped. */
function withoutHalfEnd(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (isContinuation(byte)) continue
    return lengthOf(byte) > back ? bytes.subarray(0, bytes.length - back) : bytes
  }
  return bytes
}

function withoutHalfStart(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < 3 && start < bytes.length && isContinuation(bytes[start] ?? 0)) start++
  return bytes.subarray(start)
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0
}

/** Bytes of the UTF-8 character that begins with this one. */
function lengthOf(byte: number): number {
  if (byte < 0xc0) return 1
  if (byte < 0xe0) return 2
  return byte < 0xf0 ? 3 : 4
}

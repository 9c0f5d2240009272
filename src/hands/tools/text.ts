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

/** The text of an output and, where bytes were left out, a line that says so. */
export function toMarkedText(
  output: Uint8Array,
  truncated: { readonly at: number; readonly bytes: number } | null,
): string {
  if (truncated === null) return toText(output)
  const head = withoutHalfEnd(output.subarray(0, truncated.at))
  const tail = withoutHalfStart(output.subarray(truncated.at))
  const total = output.length + truncated.bytes
  const [cut, all] = [truncated.bytes, total].map((bytes) => bytes.toLocaleString('en-US'))
  return `${toText(head)}\n[output truncated: ${cut} of ${all} bytes are left out here]\n${toText(tail)}`
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

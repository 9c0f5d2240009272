/** A part of a text, with the bytes of UTF-8 that it takes inside a JSON string. */
export interface JsonPiece {
  readonly text: string
  readonly bytes: number
}

/** Cuts a text into pieces of at most `limit` bytes each (12 at least), never between the halves of a character. */
export function toJsonPieces(text: string, limit: number): readonly JsonPiece[] {
  const pieces: JsonPiece[] = []
  let from = 0
  let bytes = 0
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at) ?? 0
    const cost = bytesOf(point)
    if (bytes + cost > limit) {
      pieces.push({ text: text.slice(from, at), bytes })
      from = at
      bytes = 0
    }
    bytes += cost
    at += point > 0xffff ? 2 : 1
  }
  if (bytes > 0) pieces.push({ text: text.slice(from), bytes })
  return pieces
}

const SHORT_ESCAPES = new Set(['\b', '\t', '\n', '\f', '\r', '"', '\\'].map((sign) => sign.codePointAt(0)))

/** As `JSON.stringify` writes it: control characters and lone surrogates are escaped, the rest is itself. */
function bytesOf(point: number): number {
  if (SHORT_ESCAPES.has(point)) return 2
  if (point < 0x20) return 6
  if (point < 0x80) return 1
  if (point < 0x800) return 2
  if (point >= 0xd800 && point <= 0xdfff) return 6
  return point > 0xffff ? 4 : 3
}

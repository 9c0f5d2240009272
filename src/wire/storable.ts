/** More values than any real request has; what walks a body after this costs at most so much. */
const MAX_VALUES = 200_000

/** Deeper values overflow the stack of what handles them later: JSON writers, Postgres. */
const MAX_DEPTH = 100

const [QUOTE, BACKSLASH, COMMA, BRACKET, BRACE] = Buffer.from('"\\,[{')

const UNSTORABLE = 'U+0000 or half a surrogate pair'

export interface Inspection {
  /** What is wrong, or null. */
  readonly problem: string | null
  /** Number of values, the containers included. */
  readonly size: number
}

interface Siblings {
  readonly values: readonly unknown[]
  readonly depth: number
}

/**
 * Whether JSON text surely holds more values than {@link inspect} lets pass, told by its commas and brackets without
 * parsing it: 32 MB of empty lists take a parser seconds and half a gigabyte. Says nothing about whether it is JSON.
 */
export function isCrowded(json: Uint8Array): boolean {
  // No value is shorter than a byte and its comma.
  if (json.length <= 2 * MAX_VALUES) return false
  let [commas, containers, isInText] = [0, 0, false]
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTE) isInText = !isInText
    else if (isInText) at += byte === BACKSLASH ? 1 : 0
    else if (byte === COMMA) commas++
    else if (byte === BRACKET || byte === BRACE) containers++
    if (commas > MAX_VALUES || containers > MAX_VALUES) return true
  }
  return false
}

/**
 * Looks through a parsed JSON body for what no part of the server could keep or hand on: too deep nesting, too many
 * values, U+0000, halves of surrogate pairs, numbers past all bounds, keys named `__proto__`. Walks with a list of its
 * own, so that depth costs no stack.
 */
export function inspect(body: unknown): Inspection {
  const open: Siblings[] = [{ values: [body], depth: 0 }]
  let size = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { values, depth } = next
    size += values.length
    if (size > MAX_VALUES) return { problem: `body: holds more than ${MAX_VALUES} values`, size }
    for (const value of values) {
      if (typeof value === 'string' && !isText(value)) return { problem: `body: holds ${UNSTORABLE}`, size }
      // JSON has no word for infinity, so what comes back would be null.
      if (value === Infinity || value === -Infinity) return { problem: 'body: holds a number past all bounds', size }
      if (typeof value !== 'object' || value === null) continue
      const problem = depth < MAX_DEPTH ? problemOfKeys(value) : `body: nested deeper than ${MAX_DEPTH} levels`
      if (problem !== null) return { problem, size }
      open.push({ values: Array.isArray(value) ? value : Object.values(value), depth: depth + 1 })
    }
  }
  return { problem: null, size }
}

/** In the content of a result nothing that is text lies deeper: a block, the list of blocks in it, one of these, its text. */
const DEEPEST_TEXT = 4

/**
 * The body of a request that sends events, unparsed and with whatever shape: what {@link inspect} refuses in texts is
 * U+FFFD in the results of tools. They are what a command printed; refused, they would be lost to the model, and the
 * command done for nothing.
 */
export function mendResults(body: unknown): unknown {
  if (!isRecord(body) || !Array.isArray(body['events'])) return body
  return { ...body, events: body['events'].map(mendResult) }
}

function mendResult(event: unknown): unknown {
  const isResult = isRecord(event) && RESULTS.has(event['type']) && 'content' in event
  return isResult ? { ...event, content: mendTexts(event['content'], DEEPEST_TEXT) } : event
}

const RESULTS: ReadonlySet<unknown> = new Set(['user.tool_result', 'user.custom_tool_result'])

function mendTexts(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return isText(value) ? value : mendText(value)
  if (levels === 0) return value
  if (Array.isArray(value)) return value.map((one) => mendTexts(one, levels - 1))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mendTexts(one, levels - 1)]))
}

function mendText(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\u{FFFD}').replaceAll('\0', '\u{FFFD}')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problemOfKeys(value: object): string | null {
  if (Array.isArray(value)) return null
  if (Object.hasOwn(value, '__proto__')) return 'body: holds a key named __proto__'
  return Object.keys(value).every(isText) ? null : `body: holds a key with ${UNSTORABLE}`
}

function isText(value: string): boolean {
  return !value.includes('\0') && !/\p{Surrogate}/u.test(value)
}

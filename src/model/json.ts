/** A JSON object whose fields nobody has looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parsing takes any depth; writing the value again, as the log does, runs out of stack at some thousand levels. */
const MAX_DEPTH = 500

/** The object that `text` spells, or undefined when it spells anything else or one that is nested beyond all use. */
export function parseObject(text: string): JsonObject | undefined {
  if (isDeep(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether brackets outside of strings stand deeper in each other than anything may be nested. */
function isDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false
  let [depth, isInText] = [0, false]
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') isInText = !isInText
    else if (isInText) at += character === '\\' ? 1 : 0
    else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}

/** The beginning of something unexpected, for a message. */
export function excerpt(value: unknown): string {
  const text = (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).replaceAll(
    /[\s\p{Cc}]+/gu,
    ' ',
  )
  return text.length > 80 ? `${text.slice(0, 80)} …` : text
}

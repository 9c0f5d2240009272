/** Of one text, what is shown to a person who decides on it. */
const LINES = 60
const LINE_LENGTH = 1000
const INDENT = ' '.repeat(8)
/** Width of a tool's name, without the blank behind it. */
const NAME = 5

interface Call {
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}

/** The fields of which one is the subject of a call: the first of them that is a text. */
const SUBJECTS = ['command', 'file_path', 'pattern', 'query', 'url']

/**
 * A call as a person has to see it before they decide on it: every field of its input, line by line, and nothing that
 * the terminal would act on or hide. What is too long to show is cut, and that is said.
 */
export function describeCall({ name, input }: Call): readonly string[] {
  const subject = findSubject(input)
  const rest = Object.entries(input).filter(([field]) => field !== subject)
  const lead = `  ${showControls(name).padEnd(NAME)} `
  const [first = '', ...more] = subject === undefined ? [] : toLines(input[subject])
  return [
    `${lead}${first}`.trimEnd(),
    ...more.map((line) => `${INDENT}${line}`.trimEnd()),
    ...rest.flatMap(([field, value]) => describeField(showControls(field), toLines(value))),
  ]
}

/** The name of the field that says most of a tool's input; undefined where none of the usual ones does. */
export function findSubject(input: Call['input']): string | undefined {
  return SUBJECTS.find((field) => typeof input[field] === 'string')
}

function describeField(name: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 1) return [`${INDENT}${name}: ${lines[0]}`.trimEnd()]
  return [`${INDENT}${name}:`, ...lines.map((line) => `${INDENT}  ${line}`.trimEnd())]
}

function toLines(value: unknown): readonly string[] {
  const text = typeof value === 'string' ? value.replace(/\n+$/, '') : JSON.stringify(value)
  const lines = text.split('\n')
  const cut = lines.length > LINES ? [`… ${lines.length - LINES} more lines, not shown here`] : []
  return [...lines.slice(0, LINES).map(toLine), ...cut]
}

function toLine(line: string): string {
  const shown = showControls(line.slice(0, LINE_LENGTH))
  return line.length > LINE_LENGTH ? `${shown} … ${line.length - LINE_LENGTH} more characters, not shown here` : shown
}

/** Control characters, and those that are invisible or turn the direction of a text, by their numbers: `\u{202e}`. */
export function showControls(text: string): string {
  return text
    .replaceAll('\t', '    ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}

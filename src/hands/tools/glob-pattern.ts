/** Alternatives that a pattern may stand for; more are refused. */
const mostAlternatives = 1_000

/** A matcher of paths like `a/b.ts`, or what is wrong with the pattern. Takes time linear in pattern × path. */
export function parseGlob(pattern: string): ((path: string) => boolean) | { readonly problem: string } {
  if (pattern.startsWith('/')) return { problem: 'an absolute pattern is not possible: give a relative one, and path' }
  const alternatives = expandBraces(pattern)
  if (alternatives === null) return { problem: `the pattern stands for more than ${mostAlternatives} alternatives` }
  if (alternatives.some((text) => text.split('/').includes('..')))
    return { problem: '".." is not possible in the pattern' }
  const matchers = alternatives.map((text) => toSegments(text))
  return (path) => {
    const names = path.split('/')
    return matchers.some((segments) => matchPath(segments, names))
  }
}

/** Most of them that are worth a look. */
const mostEndings = 50

/**
 * Texts of which one is at the end of every name that the pattern picks, free of what has a meaning in patterns; none
 * when such names may end in any way.
 */
export function listEndings(pattern: string): readonly string[] {
  const names = expandBraces(pattern)?.map((text) => toParts(text).at(-1) ?? '') ?? ['']
  const endings = new Set(names.map((name) => /[^*?[\]\\]*$/.exec(name)?.[0] ?? ''))
  return endings.has('') || endings.size > mostEndings ? [] : [...endings]
}

/** `**`, or the test of one name. */
type Segment = '**' | ((name: string) => boolean)

/** One character of a name: whichever, one of a set, or exactly this. */
type Piece = '*' | ((char: string) => boolean)

function toSegments(pattern: string): Segment[] {
  return toParts(pattern).map((part) => (part === '**' ? '**' : toNameTest(part)))
}

function toParts(pattern: string): readonly string[] {
  return pattern.split('/').filter((part) => part !== '' && part !== '.')
}

/** Both loops below keep only the last star to go back to, which is enough: an earlier one could gain nothing. */
function matchPath(segments: readonly Segment[], names: readonly string[]): boolean {
  let [at, name] = [0, 0]
  let back: { at: number; name: number } | null = null
  while (name < names.length) {
    const segment = segments[at]
    const here = names[name] ?? ''
    if (segment === '**') {
      back = { at: at++, name }
    } else if (segment?.(here)) {
      at++
      name++
    } else if (back !== null && !names[back.name]?.startsWith('.')) {
      back.name++
      ;[at, name] = [back.at + 1, back.name]
    } else return false
  }
  // A `**` at the end stands for at least one name: it was met before the names ran out.
  return at === segments.length
}

function toNameTest(part: string): (name: string) => boolean {
  const pieces = toPieces(part)
  const isForHidden = part.startsWith('.')
  return (name) => (isForHidden || !name.startsWith('.')) && matchName(pieces, Array.from(name))
}

function matchName(pieces: readonly Piece[], chars: readonly string[]): boolean {
  let [at, char] = [0, 0]
  let back: { at: number; char: number } | null = null
  while (char < chars.length) {
    const piece = pieces[at]
    if (piece === '*') {
      back = { at: at++, char }
    } else if (piece?.(chars[char] ?? '')) {
      at++
      char++
    } else if (back !== null) {
      back.char++
      ;[at, char] = [back.at + 1, back.char]
    } else return false
  }
  return pieces.slice(at).every((piece) => piece === '*')
}

function toPieces(part: string): Piece[] {
  const pieces: Piece[] = []
  const chars = Array.from(part)
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? ''
    const end = char === '[' ? chars.indexOf(']', chars[i + 1] === '!' || chars[i + 1] === '^' ? i + 3 : i + 2) : -1
    if (char === '*') pieces.push('*')
    else if (char === '?') pieces.push(() => true)
    else if (end !== -1) {
      pieces.push(toSet(chars.slice(i + 1, end)))
      i = end
    } else {
      const wanted = char === '\\' && i + 1 < chars.length ? chars[++i] : char
      pieces.push((it) => it === wanted)
    }
  }
  return pieces
}

function toSet(chars: readonly string[]): (char: string) => boolean {
  const isNegated = chars[0] === '!' || chars[0] === '^'
  const members = isNegated ? chars.slice(1) : chars
  const ranges: [string, string][] = []
  for (let i = 0; i < members.length; i++) {
    const [from = '', dash, to] = members.slice(i, i + 3)
    if (dash === '-' && to !== undefined) {
      ranges.push([from, to])
      i += 2
    } else ranges.push([from, from])
  }
  return (char) => ranges.some(([from, to]) => from <= char && char <= to) !== isNegated
}

/** Every text that `{a,b}` in the pattern stands for; null when they are too many. Unpaired braces are literal. */
function expandBraces(pattern: string): string[] | null {
  const open = [{ done: '', rest: pattern }]
  const texts: string[] = []
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const found = firstBraces(next.rest)
    if (found === null) texts.push(next.done + next.rest)
    else for (const choice of found.choices) open.push({ done: next.done + found.before, rest: choice + found.after })
    if (open.length + texts.length > mostAlternatives) return null
  }
  return texts
}

function firstBraces(text: string): { before: string; choices: string[]; after: string } | null {
  for (let start = text.indexOf('{'); start !== -1; start = text.indexOf('{', start + 1)) {
    const choices: string[] = []
    let [depth, from] = [0, start + 1]
    for (let i = start; i < text.length; i++) {
      if (text[i] === '{') depth++
      if (text[i] === '}') depth--
      if ((text[i] === ',' && depth === 1) || depth === 0) {
        choices.push(text.slice(from, i))
        from = i + 1
      }
      if (depth === 0 && choices.length > 1) return { before: text.slice(0, start), choices, after: text.slice(from) }
      if (depth === 0) break
    }
  }
  return null
}

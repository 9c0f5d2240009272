/** Where the columns of the demo's lines begin: what is folded goes on there. */
const INDENT = 8
/** A terminal that is narrower is left to fold by itself. */
const LEAST = 40

/**
 * A line as a terminal of `columns` shows it without breaking words: folded between columns or before a `·`, whichever
 * comes last and not too soon, else at a blank. One that fits, and any without a terminal (`undefined`), stays whole.
 */
export function foldLine(line: string, columns: number | undefined): readonly string[] {
  if (columns === undefined || columns < LEAST || line.length <= columns) return [line]
  const head = line.slice(0, columns + 1)
  const seam = Math.max(head.search(/\S {2,}\S(?!.*\S {2,}\S)/) + 1, head.lastIndexOf(' · '))
  const at = seam > columns / 3 ? seam : head.lastIndexOf(' ')
  if (at <= INDENT) return [line]
  const rest = ' '.repeat(INDENT) + line.slice(at).trimStart()
  return [line.slice(0, at), ...foldLine(rest, columns)]
}

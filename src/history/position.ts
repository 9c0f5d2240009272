/** An entry's place in a session's log: total order, the same for ever. */
export interface Position {
  /** Number of the run, from 1. */
  readonly run: number
  /** Id of the history event that carries the entry. */
  readonly event: number
  /** Which of the elements recorded there, shown or not. */
  readonly index: number
}

export function comparePositions(a: Position, b: Position): number {
  return a.run - b.run || a.event - b.event || a.index - b.index
}

/** `run.event.index`, as it stands in cursors and in SSE `id:` lines. */
export function formatPosition(position: Position): string {
  return `${position.run}.${position.event}.${position.index}`
}

/** Null for anything that {@link formatPosition} does not write. */
export function parsePosition(text: string): Position | null {
  const match = /^([1-9]\d{0,8})\.([1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/.exec(text)
  return match ? { run: Number(match[1]), event: Number(match[2]), index: Number(match[3]) } : null
}

import type { Cell, Taken } from '../../../bench/ttft-arms/cells.ts'

export function cell(changes: Partial<Cell> = {}): Cell {
  return { place: 'local', crowd: 1, waitMs: 600, when: 'first', ...changes }
}

interface Times {
  readonly firstByteMs?: number
  /** Null: the stream was opened behind it. */
  readonly deltaMs?: number | null
  readonly resultMs?: number | null
}

const sentAt = 1_000

/** A session, by milliseconds since it was asked for. */
export function begun({ firstByteMs = 50, deltaMs = 60, resultMs = 90 }: Times = {}): Taken['begun'][number] {
  const at = (ms: number | null) => (ms === null ? undefined : sentAt + ms)
  const call = { receivedAt: sentAt, firstByteAt: sentAt + firstByteMs, deltaAt: [], endedAt: sentAt + 1_000, bytes: 0 }
  return { id: 'sesn_1', sentAt, deltaAt: at(deltaMs), resultAt: at(resultMs), call }
}

/** Of the cell that the changes say. */
export function taken({
  begun: sessions = [begun()],
  provisionMs = [],
  sandboxes = 1,
  ...changes
}: Partial<Omit<Taken, 'cell'> & Cell>): Taken {
  return { cell: cell(changes), begun: sessions, provisionMs, sandboxes }
}

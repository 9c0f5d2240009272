/** Something that a reader counts: an event of the log, or a word of a preview. */
export interface Piece {
  readonly channel: 'event' | 'delta'
  /** Unique in its channel and stream. */
  readonly key: string
  /** When it was made, milliseconds since the epoch, as far as the frame itself says. */
  readonly madeAt: number | null
}

/** What a frame's data may hold, of Longhand and of the server it is compared with. */
interface Data {
  readonly type?: string
  readonly id?: string
  readonly processed_at?: string | null
  readonly made_at?: number
  readonly delta?: { readonly content?: { readonly text?: string } }
}

/** Frames behind each other, the last one perhaps unfinished: the whole ones, and the rest. */
export function splitFrames(text: string): { readonly frames: readonly string[]; readonly rest: string } {
  const frames = text.split('\n\n')
  const rest = frames.pop() ?? ''
  return { frames, rest }
}

/**
 * The pieces of one server-sent event. The echo of a message that still waits in the queue counts for nothing: it comes
 * again when it is processed. Neither do comments and the start of a preview.
 */
export function readFrame(frame: string): readonly Piece[] {
  const line = frame.split('\n').find((each) => each.startsWith('data: '))
  if (line === undefined) return []
  // Both servers write objects.
  const data = JSON.parse(line.slice('data: '.length)) as Data
  if (data.type === 'event_delta') {
    const words = data.delta?.content?.text?.split(/\s+/) ?? []
    return words.filter((word) => word !== '').map((key) => ({ channel: 'delta', key, madeAt: null }))
  }
  if (data.id === undefined) return []
  if (data.made_at !== undefined) return [{ channel: 'event', key: data.id, madeAt: data.made_at }]
  if (typeof data.processed_at !== 'string') return []
  return [{ channel: 'event', key: data.id, madeAt: Date.parse(data.processed_at) }]
}

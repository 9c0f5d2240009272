/** Builds the events of an answer as the Messages API streams them. */
type Event = Readonly<Record<string, unknown>> & { readonly type: string }

export function start(usage: Record<string, unknown> = { input_tokens: 10, output_tokens: 1 }): Event {
  return { type: 'message_start', message: { id: 'msg_1', role: 'assistant', content: [], usage } }
}

export function text(index: number, ...parts: readonly string[]): readonly Event[] {
  return block(
    index,
    { type: 'text', text: '', citations: null },
    parts.map((part) => ({ type: 'text_delta', text: part })),
  )
}

export function call(index: number, { id = `toolu_${index}`, name = 'bash', parts = ['{}'] } = {}): readonly Event[] {
  const deltas = parts.map((partial_json) => ({ type: 'input_json_delta', partial_json }))
  return block(index, { type: 'tool_use', id, name, input: {} }, deltas)
}

export function block(index: number, content_block: unknown, deltas: readonly unknown[] = []): readonly Event[] {
  return [
    { type: 'content_block_start', index, content_block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

export function end(stop_reason: string, over: Record<string, unknown> = {}): readonly Event[] {
  return [
    { type: 'message_delta', delta: { stop_reason, ...over }, usage: { output_tokens: 7 } },
    { type: 'message_stop' },
  ]
}

/** A whole answer that says `words`. */
export function answer(...words: readonly string[]): readonly Event[] {
  return [start(), ...text(0, ...words), ...end('end_turn')]
}

/** The events as the bytes of a stream, with the line ends that are asked for. */
export function toSse(events: readonly Event[], newline = '\n'): string {
  return events
    .map((event) => `event: ${event.type}${newline}data: ${JSON.stringify(event)}${newline}${newline}`)
    .join('')
}

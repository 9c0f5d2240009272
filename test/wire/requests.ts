/** Smallest good bodies, and what the tables of good and bad requests are built with. */
export const AGENT = { name: 'a', model: 'claude-opus-5-5' }
export const SESSION = { agent: 'agent_1', environment_id: 'env_1' }
export const TEXT = { type: 'text', text: 'hi' }
export const MESSAGE = { type: 'user.message', content: [TEXT] }

/** Route, what is sent, and the whole message of the refusal. */
export type BadRequest<Route> = [Route, unknown, string]

export function pairs(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
}

export function list<Item>(count: number, item: Item): Item[] {
  return Array.from({ length: count }, () => item)
}

/** For titles: some inputs are too large to be one. */
export function messageFirst<Route>([route, input, message]: BadRequest<Route>): [Route, string, unknown] {
  return [route, message, input]
}

export function tool(extra: object): object {
  return { ...AGENT, tools: [{ type: 'agent_toolset_20260401', ...extra }] }
}

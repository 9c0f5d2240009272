import generated from './routes.generated.json' with { type: 'json' }

/** Every route of the API as the SDK calls it, `GET /v1/agents/{agent_id}`; made by `scripts/gen-wire.ts`. */
export const API_ROUTES: readonly string[] = generated

/** The route that such a request asks, or null; a path without its query. Names win over ids: `work/poll` is no work item. */
export function findApiRoute(method: string, path: string): string | null {
  const asked = [method, ...path.split('/').slice(1)]
  const fitting = API_ROUTES.filter((route) => isFitting(route.replace(' /', '/').split('/'), asked))
  return fitting.toSorted(byIds)[0] ?? null
}

function isFitting(route: readonly string[], asked: readonly string[]): boolean {
  return (
    route.length === asked.length &&
    route.every((part, index) => (part.startsWith('{') ? asked[index] !== '' : part === asked[index]))
  )
}

function byIds(a: string, b: string): number {
  return a.split('{').length - b.split('{').length
}

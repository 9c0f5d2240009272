import { Refusal } from './refusal.ts'
import type { RepositoryRoute } from './repository-route.ts'
import { nameOf, pathOf, routePrefix } from './repository-route.ts'

/** What becomes of a request on the route: it goes to a repository, or git is told where else to ask. */
export type GitPlan =
  /** `ending`: what stands behind the repository's path, with the query. */
  { readonly route: RepositoryRoute; readonly ending: string } | { readonly location: string }

/** All that smart HTTP asks for, by what stands behind the repository's path. */
const methods = new Map([
  ['/info/refs?service=git-upload-pack', 'GET'],
  ['/info/refs?service=git-receive-pack', 'GET'],
  ['/git-upload-pack', 'POST'],
  ['/git-receive-pack', 'POST'],
])
const discovery = /^[\w.-]+(?::\d+)?(?:\/[\w.~-]+){2,}\/info\/refs\?service=git-(?:upload|receive)-pack$/

/**
 * The path guard. URLs are compared as they came, never decoded: another spelling of an allowed one is another one. Throws
 * `Refusal`.
 *
 * Git takes the addresses of the route for prefixes, so it comes here for `<repo>-other` too: that one it is sent to by its
 * real address, where it gets what the network lets it and no token.
 */
export function planGit(method: string, url: string, routes: readonly RepositoryRoute[]): GitPlan {
  for (const route of routes) {
    const ending = endingBehind(pathOf(route), url)
    if (ending === null) continue
    if (methods.get(ending) === method) return { route, ending }
    throw new Refusal(403, `Only clone, fetch, pull and push of ${nameOf(route)} go through here, without LFS.`)
  }
  const rest = url.slice(routePrefix.length)
  const neighbour = routes.find((route) => rest.startsWith(`${new URL(route.url).host}/`))
  if (neighbour !== undefined && method === 'GET' && discovery.test(rest))
    return { location: `${new URL(neighbour.url).protocol}//${rest}` }
  throw new Refusal(403, 'Only the repositories of this session go through here.')
}

/** What stands behind the path, or behind it with `.git`; null for the path of another repository. */
function endingBehind(path: string, url: string): string | null {
  if (!url.startsWith(path)) return null
  const rest = url.slice(path.length)
  const ending = /^\.git(?![\w.-])/.test(rest) ? rest.slice(4) : rest
  return /^[\w.-]/.test(ending) ? null : ending
}

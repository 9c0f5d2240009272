/** A repository that one sandbox may clone, pull and push: through the proxy, which knows where it is and in whose name. */
export interface RepositoryRoute {
  /** `https://<host>/<owner>/<repo>`, as the client wrote it: git in the sandbox knows it by this. */
  readonly url: string
  /** Where requests go, without `.git` at the end. */
  readonly upstream: string
  /** Value of the header, secret; null: none is needed. Absent: not at hand just now. */
  readonly authorization?: string | null
  /** The operator's own base: dialled whatever its address is. */
  readonly isTrusted: boolean
}

/** Where `https://github.com` is, unless an operator has it elsewhere. */
export const PUBLIC_GITHUB = 'https://github.com'

/** What requests to the route begin with; everything else is for the proxy. */
export const routePrefix = '/git/'

/** The path of a repository on the route. */
export function pathOf({ url }: RepositoryRoute): string {
  return `${routePrefix}${url.replace(/^https?:\/\//, '')}`
}

/** Owner and name, for sentences. */
export function nameOf({ url }: RepositoryRoute): string {
  return new URL(url).pathname.slice(1)
}

/**
 * Git's system configuration in a sandbox with these repositories: their usual addresses lead to the route at `origin`,
 * in all spellings. The image's own is read before it.
 */
export function toGitConfig(routes: readonly RepositoryRoute[], origin: string): string {
  const sections = routes.map((route) => {
    const { host, pathname } = new URL(route.url)
    const spellings = [route.url, `git@${host}:${pathname.slice(1)}`, `ssh://git@${host}${pathname}`]
    return [`[url ${quote(origin + pathOf(route))}]`, ...spellings.map((text) => `\tinsteadOf = ${quote(text)}`)]
  })
  const lines = [
    ['[include]', '\tpath = /etc/gitconfig'],
    ...sections,
    // Or the first commit of an agent would fail.
    ['[user]', '\tname = Agent', '\temail = agent@localhost'],
  ]
  return `${lines.flat().join('\n')}\n`
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openRepositories, refuse, tokenOf } from '../../src/demo-git.ts'

/**
 * What goes wrong with every request from now on: an answer of this status, one that is cut off after these bytes, or none
 * to a request for a pack, which is told.
 */
export type GitFault =
  | { readonly type: 'status'; readonly status: number }
  | { readonly type: 'cut'; readonly bytes: number }
  | { readonly type: 'silence'; readonly told: () => void }

export interface GitRequest {
  /** `GET /o/r.git/info/refs?service=git-upload-pack`. */
  readonly line: string
  /** The password of its Basic authentication. */
  readonly token: string | null
  readonly status: number
}

/** A server of repositories on loopback, which asks for a token unless a repository is public. */
export interface GitServer extends AsyncDisposable {
  /** Base of the repositories' addresses. */
  readonly url: string
  /** The token that opens private repositories. */
  token: string
  fault: GitFault | null
  readonly heard: readonly GitRequest[]
  /** Makes `<owner>/<repo>`, with these files in one commit on `main`; without any it stays empty. */
  create(
    name: string,
    files?: Readonly<Record<string, string>>,
    options?: { readonly isPublic?: boolean },
  ): Promise<void>
  /** Runs git in the repository on the server, and answers what it prints, trimmed. */
  git(name: string, ...args: readonly string[]): Promise<string>
  /** Commits these files on a branch, which is made when it is not there; answers the commit. */
  commit(name: string, branch: string, files: Readonly<Record<string, string>>): Promise<string>
}

export async function startGitServer(token: string): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'longhand-git-'))
  const repositories = await openRepositories(root)
  if (repositories === null) throw new Error('expected a git that can serve')
  const git = (folder: string, ...args: readonly string[]) => repositories.git(folder, ...args)
  const pathOf = (name: string) => repositories.pathOf(name)
  const open = new Set<string>()
  const heard: GitRequest[] = []

  const server = createServer((incoming, answer) => {
    const { method = '', url = '' } = incoming
    const [, name = ''] = /^\/([^/]+\/[^/]+?)(?:\.git)?\//.exec(url) ?? []
    const given = tokenOf(incoming)
    answer.once('close', () => heard.push({ line: `${method} ${url}`, token: given, status: answer.statusCode }))
    const { fault } = self
    if (fault?.type === 'status') return refuse(incoming, answer, fault.status)
    if (fault?.type === 'silence' && method === 'POST') return fault.told()
    if (given !== self.token && !(open.has(name) && given === null)) return refuse(incoming, answer, 401)
    if (fault?.type === 'cut') cutAfter(answer, fault.bytes)
    return repositories.serve(incoming, answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const self: GitServer = {
    // A server that listens on TCP has such an address.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    fault: null,
    heard,
    async create(name, files = {}, { isPublic = false } = {}) {
      await repositories.create(name)
      if (isPublic) open.add(name)
      if (Object.keys(files).length > 0) await self.commit(name, 'main', files)
    },
    git: (name, ...args) => git(pathOf(name), ...args),
    async commit(name, branch, files) {
      const work = await mkdtemp(join(root, 'work-'))
      await git(work, 'clone', '-q', pathOf(name), '.')
      const there = await git(work, 'branch', '-r', '--list', `origin/${branch}`)
      await git(work, 'checkout', '-q', '-B', branch, ...(there === '' ? [] : [`origin/${branch}`]))
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true })
        await writeFile(join(work, path), text)
      }
      await git(work, 'add', '-A')
      await git(work, 'commit', '-q', '-m', `work on ${branch}`)
      await git(work, 'push', '-q', 'origin', branch)
      return git(work, 'rev-parse', 'HEAD')
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(root, { recursive: true, force: true })
    },
  }
  return self
}

/** Lets these bytes of a body through, and breaks the connection. */
function cutAfter(answer: ServerResponse, bytes: number): void {
  const write = answer.write.bind(answer)
  let left = bytes
  answer.write = (chunk: Buffer) => {
    const part = chunk.subarray(0, left)
    left -= part.length
    return write(part, () => left <= 0 && answer.destroy())
  }
}

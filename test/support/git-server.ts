import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

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

const backend = '/usr/lib/git-core/git-http-backend'

export async function startGitServer(token: string): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'longhand-git-'))
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Server',
    GIT_AUTHOR_EMAIL: 'server@localhost',
    GIT_COMMITTER_NAME: 'Server',
    GIT_COMMITTER_EMAIL: 'server@localhost',
  }
  const open = new Set<string>()
  const heard: GitRequest[] = []
  const folderOf = (name: string) => join(root, 'repositories', `${name}.git`)
  async function git(folder: string, ...args: readonly string[]): Promise<string> {
    return (await promisify(execFile)('git', args, { cwd: folder, env })).stdout.trim()
  }

  const server = createServer((incoming, answer) => {
    const { method = '', url = '' } = incoming
    const [, name = ''] = /^\/([^/]+\/[^/]+?)(?:\.git)?\//.exec(url) ?? []
    const given = tokenOf(incoming)
    answer.once('close', () => heard.push({ line: `${method} ${url}`, token: given, status: answer.statusCode }))
    const { fault } = self
    if (fault?.type === 'status') return refuse(incoming, answer, fault.status)
    if (fault?.type === 'silence' && method === 'POST') return fault.told()
    if (given !== self.token && !(open.has(name) && given === null)) return refuse(incoming, answer, 401)
    return serve({ incoming, answer, env: { ...env, GIT_PROJECT_ROOT: join(root, 'repositories') }, fault })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const self: GitServer = {
    // A server that listens on TCP has such an address.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    fault: null,
    heard,
    async create(name, files = {}, { isPublic = false } = {}) {
      await mkdir(folderOf(name), { recursive: true })
      await git(folderOf(name), 'init', '-q', '--bare', '-b', 'main')
      await git(folderOf(name), 'config', 'http.receivepack', 'true')
      if (isPublic) open.add(name)
      if (Object.keys(files).length > 0) await self.commit(name, 'main', files)
    },
    git: (name, ...args) => git(folderOf(name), ...args),
    async commit(name, branch, files) {
      const work = await mkdtemp(join(root, 'work-'))
      await git(work, 'clone', '-q', folderOf(name), '.')
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

function tokenOf({ headers: { authorization = '' } }: IncomingMessage): string | null {
  const [, encoded] = /^Basic (.+)$/.exec(authorization) ?? []
  return encoded === undefined ? null : Buffer.from(encoded, 'base64').toString().split(':').slice(1).join(':')
}

function refuse(incoming: IncomingMessage, answer: ServerResponse, status: number): void {
  incoming.resume()
  answer.writeHead(status, { 'WWW-Authenticate': 'Basic realm="git"' }).end()
}

interface Served {
  readonly incoming: IncomingMessage
  readonly answer: ServerResponse
  readonly env: Readonly<Record<string, string>>
  readonly fault: GitFault | null
}

/** One request by git's own CGI program. */
function serve({ incoming, answer, env, fault }: Served): void {
  const { pathname, search } = new URL(incoming.url ?? '', 'http://git.test')
  const { headers, method = '' } = incoming
  const child = spawn(backend, {
    env: {
      ...env,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      CONTENT_TYPE: headers['content-type'] ?? '',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REMOTE_USER: 'x-access-token',
      REQUEST_METHOD: method,
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => {})
  incoming.pipe(child.stdin)
  answer.once('close', () => child.kill())
  relay(child.stdout, answer, fault)
}

/** What the program writes: a head, an empty line, and the body as it is. */
function relay(stdout: Readable, answer: ServerResponse, fault: GitFault | null): void {
  let head = Buffer.alloc(0)
  let left = fault?.type === 'cut' ? fault.bytes : Number.POSITIVE_INFINITY
  const pass = (bytes: Buffer) => {
    const part = bytes.subarray(0, left)
    left -= part.length
    answer.write(part, () => left <= 0 && answer.destroy())
  }
  stdout.on('data', (chunk: Buffer) => {
    if (answer.headersSent) return pass(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const fields = head.subarray(0, end).toString().split('\r\n')
    let status = 200
    for (const [name = '', value = ''] of fields.map((field) => field.split(/: (.*)/s))) {
      if (name === 'Status') status = Number.parseInt(value, 10)
      else answer.setHeader(name, value)
    }
    answer.writeHead(status)
    pass(head.subarray(end + 4))
  })
  stdout.on('end', () => answer.end())
}

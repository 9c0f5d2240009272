import { execFile, spawn } from 'node:child_process'
import { access, mkdir } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

/** Bare repositories in a folder, `<owner>/<repo>.git` each, and this machine's git to work on them. */
export interface Repositories {
  pathOf(name: string): string
  /** Makes `<owner>/<repo>`, empty, with a branch `main` to come. */
  create(name: string): Promise<void>
  /** Runs git in a folder; answers what it prints, trimmed. */
  git(folder: string, ...args: readonly string[]): Promise<string>
  /** Answers one request of git's, by git's own CGI program. */
  serve(incoming: IncomingMessage, answer: ServerResponse): void
}

/** Null where this machine has no git that can serve. */
export async function openRepositories(folder: string): Promise<Repositories | null> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Server',
    GIT_AUTHOR_EMAIL: 'server@localhost',
    GIT_COMMITTER_NAME: 'Server',
    GIT_COMMITTER_EMAIL: 'server@localhost',
  }
  async function git(cwd: string, ...args: readonly string[]): Promise<string> {
    return (await promisify(execFile)('git', args, { cwd, env })).stdout.trim()
  }
  const backend = await git(folder, '--exec-path').then((path) => join(path, 'git-http-backend'), nullIfMissing)
  if (backend === null || !(await isThere(backend))) return null
  const pathOf = (name: string) => join(folder, 'repositories', `${name}.git`)
  return {
    pathOf,
    git,
    async create(name) {
      await mkdir(pathOf(name), { recursive: true })
      await git(pathOf(name), 'init', '-q', '--bare')
      await git(pathOf(name), 'symbolic-ref', 'HEAD', 'refs/heads/main')
      await git(pathOf(name), 'config', 'http.receivepack', 'true')
    },
    serve(incoming, answer) {
      const child = spawn(backend, {
        env: { ...env, GIT_PROJECT_ROOT: join(folder, 'repositories'), ...toCgi(incoming) },
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      child.stdin.on('error', () => {})
      incoming.pipe(child.stdin)
      answer.once('close', () => child.kill())
      relay(child.stdout, answer)
    },
  }
}

/** A repository that opens to one token alone, on a server of its own. */
export interface DemoRepository extends AsyncDisposable {
  /** Base of the repositories' addresses: where `https://github.com` is to be for the server. */
  readonly base: string
  /** As a session names it. */
  readonly url: string
  readonly token: string
  /** Requests that came with the token. */
  heard(): number
  /** Commits on `main`. */
  commits(): Promise<number>
}

const NAME = 'demo/app'

/** Starts one in a folder that is whoever's that made it. Null where this machine has no git that can serve. */
export async function openDemoRepository(folder: string, token: string): Promise<DemoRepository | null> {
  const repositories = await openRepositories(folder)
  if (repositories === null) return null
  await repositories.create(NAME)
  const git = (...args: readonly string[]) => repositories.git(repositories.pathOf(NAME), ...args)
  const tree = await git('hash-object', '-t', 'tree', '-w', '/dev/null')
  await git('update-ref', 'refs/heads/main', await git('commit-tree', '-m', 'begin', tree))
  let heard = 0
  const server = createServer((incoming, answer) => {
    if (tokenOf(incoming) !== token) return refuse(incoming, answer, 401)
    heard += 1
    repositories.serve(incoming, answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    // A server that listens on TCP has such an address.
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    url: `https://github.com/${NAME}`,
    token,
    heard: () => heard,
    commits: async () => Number(await git('rev-list', '--count', 'main')),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The password of a request's Basic authentication. */
export function tokenOf({ headers: { authorization = '' } }: IncomingMessage): string | null {
  const [, encoded] = /^Basic (.+)$/.exec(authorization) ?? []
  return encoded === undefined ? null : Buffer.from(encoded, 'base64').toString().split(':').slice(1).join(':')
}

/** Reads what is left of a request, and asks for another password. */
export function refuse(incoming: IncomingMessage, answer: ServerResponse, status: number): void {
  incoming.resume()
  answer.writeHead(status, { 'WWW-Authenticate': 'Basic realm="git"' }).end()
}

function toCgi({ url = '', method = '', headers }: IncomingMessage): Readonly<Record<string, string>> {
  const { pathname, search } = new URL(url, 'http://git.test')
  return {
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
    CONTENT_TYPE: headers['content-type'] ?? '',
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    REMOTE_USER: 'x-access-token',
    REQUEST_METHOD: method,
  }
}

/** What the program writes: a head, an empty line, and the body as it is. */
function relay(stdout: Readable, answer: ServerResponse): void {
  let head = Buffer.alloc(0)
  stdout.on('data', (chunk: Buffer) => {
    if (answer.headersSent) return void answer.write(chunk)
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
    answer.write(head.subarray(end + 4))
  })
  stdout.on('end', () => answer.end())
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

function nullIfMissing(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
  throw error
}

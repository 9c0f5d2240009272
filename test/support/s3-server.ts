import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../../src/config.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import type { BucketPlace } from '../../src/store/s3/place.ts'

const VERSION = '1.8.0'
const PACKAGE = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`
const BUILD_MS = 8 * 60_000

/** A server that speaks S3 and checks signatures, over a folder of its own, with the keys of {@link KEYS}. */
export interface S3Server extends AsyncDisposable {
  readonly url: string
  readonly place: BucketPlace
  /** The folder of the bucket, where each thing is a file. */
  readonly folder: string
  /** Where parts are of uploads that have not come to an end. */
  readonly uploads: string
}

/** The client finds these by itself. */
export const KEYS = { AWS_ACCESS_KEY_ID: 'longhand', AWS_SECRET_ACCESS_KEY: 'correct horse', AWS_REGION: 'us-east-1' }

/**
 * The server's program: built from Go modules once, which takes a minute or two. Null where there is no Go to build it
 * with, which is said on the console; but in CI, which has to provide it, rejects.
 */
export async function findS3Program(): Promise<string | null> {
  const program = join(cacheFolder(process.env), `versitygw-${VERSION}`)
  if (await isThere(program)) return program
  try {
    await promisify(execFile)('go', ['version'])
  } catch (error) {
    if (process.env['CI']) throw error
    console.log('tests of S3 are skipped: there is no Go to build a server with')
    return null
  }
  await mkdir(cacheFolder(process.env), { recursive: true })
  const folder = await mkdtemp(`${program}.`)
  try {
    const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' }
    await promisify(execFile)('go', ['install', '-ldflags', '-s -w', PACKAGE], { env, timeout: BUILD_MS })
    await rename(join(folder, 'versitygw'), program)
  } finally {
    await rm(folder, { recursive: true })
  }
  return program
}

export async function startS3Server(program: string): Promise<S3Server> {
  const root = await mkdtemp(join(tmpdir(), 'longhand-s3-'))
  const folder = join(root, 'longhand-test')
  await mkdir(folder)
  const { port } = await findFreePorts(['port'])
  const url = `http://127.0.0.1:${port}`
  const env = { ROOT_ACCESS_KEY: KEYS.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY }
  const server = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', root], { env, stdio: 'ignore' })
  const ended = once(server, 'exit')
  while (!(await answers(url))) {
    if (server.exitCode !== null) {
      await rm(root, { recursive: true })
      throw new Error(`the S3 server ended with ${server.exitCode}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url,
    folder,
    uploads: join(folder, '.sgwtmp', 'multipart'),
    place: { bucket: 'longhand-test', prefix: '', endpoint: url, pathStyle: true },
    async [Symbol.asyncDispose]() {
      server.kill()
      await ended
      await rm(root, { recursive: true })
    },
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).body?.cancel()
    return true
  } catch {
    return false
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

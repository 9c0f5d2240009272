import { spawn } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { constants, gunzipSync } from 'node:zlib'
import { Client } from 'pg'
import { identifyProcess } from '../../src/dev/process-identity.ts'

/** With what streams of gzip begin. */
const gzipped = Buffer.of(0x1f, 0x8b, 8)
const mostUnpacked = 256 * 1024 * 1024

/** A word that stands nowhere by chance: letters and digits behind the name. */
export function newWord(name: string): string {
  return `${name}${Array.from({ length: 3 }, () => Math.random().toString(36).slice(2)).join('')}`
}

/** All that a secret may look like in bytes: as it is, encoded, and within what git sends for it. */
export function spellingsOf(secret: string): readonly string[] {
  const basic = `x-access-token:${secret}`
  const bytes = Buffer.from(secret)
  const spellings = [
    secret,
    // What surrounds it decides about its ends, and where it begins about the rest.
    ...[0, 1, 2].map((shift) => bytes.subarray(shift).toString('base64').replace(/=*$/, '').slice(0, -2)),
    Buffer.from(basic).toString('base64').replace(/=*$/, '').slice(0, -2),
    bytes.toString('base64url').replace(/=*$/, '').slice(0, -2),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(secret),
    [...bytes].map((byte) => `%${byte.toString(16)}`).join(''),
    Array.from(secret).toReversed().join(''),
    JSON.stringify(secret).slice(1, -1),
    Array.from(secret, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    // As UTF-16, whichever byte comes first.
    Array.from(secret).join('\0'),
  ]
  return [...new Set(spellings)]
}

/** Those of the spellings that stand in the bytes, or in what is packed in them with gzip. */
export function findIn(bytes: Uint8Array | string, spellings: readonly string[]): readonly string[] {
  const whole = Buffer.from(bytes)
  const layers = [whole, ...unpack(whole)]
  return spellings.filter((spelling) => layers.some((layer) => layer.includes(spelling)))
}

/** What each beginning of a gzip stream in the bytes leads to, as far as it goes; streams in streams too. */
function unpack(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = []
  for (let at = bytes.indexOf(gzipped); at >= 0; at = bytes.indexOf(gzipped, at + 1)) {
    try {
      const layer = gunzipSync(bytes.subarray(at), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: mostUnpacked,
      })
      found.push(layer, ...unpack(layer))
    } catch {
      // The same bytes as at the beginning of one.
    }
  }
  return found
}

/** The files below the folder in which one of the spellings stands; what goes away meanwhile is left out. */
export async function findInFiles(folder: string, spellings: readonly string[]): Promise<readonly string[]> {
  const found = new Set(
    await grepFiles(
      folder,
      spellings.map((spelling) => Buffer.from(spelling)),
    ),
  )
  for (const file of await grepFiles(folder, [gzipped])) {
    const bytes = await readFile(file).catch(emptyIfGone)
    if (findIn(bytes, spellings).length > 0) found.add(file)
  }
  return [...found]
}

function emptyIfGone(error: unknown): Buffer {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
  throw error
}

async function grepFiles(folder: string, patterns: readonly Buffer[]): Promise<readonly string[]> {
  const grep = spawn('grep', ['-rlaP', '--devices=skip', '-f', '-', folder], {
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  // Not by the command line, which is a place to look at too.
  grep.stdin.end(patterns.map(escapeAll).join('|'))
  return (await text(grep.stdout)).split('\n').filter((line) => line !== '')
}

function escapeAll(pattern: Buffer): string {
  return [...pattern].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

/** What processes of a sandbox were started with and see mounted, and all that can be written to. */
const ofProcesses = ['environ', 'cmdline', 'mountinfo'].map((file) => `/proc/[0-9]*/${file}`)
const writable = ofProcesses.concat('/run /tmp /etc /home /workspace /dev/shm /var /opt /usr/local'.split(' '))
/** The same, and all else that its image has. */
export const everything = writable.concat('/bin /boot /lib* /mnt /root /sbin /srv /usr'.split(' '))

/**
 * A command that prints the files of a sandbox in which one of the words stands, in these places. The words are in it bit by
 * bit the other way round, so that it does not find itself.
 */
export function searchInside(words: readonly string[], places: readonly string[] = writable): string {
  const inverted = words.map((word) => Buffer.from(Array.from(Buffer.from(word), (byte) => 255 - byte)).toString('hex'))
  const list = `perl -e 'print ~pack("H*", $_), "\\n" for qw(${inverted.join(' ')})'`
  return `${list} | grep -rlaF --devices=skip -f - ${places.join(' ')} 2>/dev/null; true`
}

/** Every row of every table, as text. */
export async function dumpDatabase(url: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
    )
    const rows: string[] = []
    for (const { name } of tables.rows)
      for (const { row } of (await client.query<{ row: string }>(`select t::text as row from ${name} t`)).rows)
        rows.push(`${name} ${row}`)
    return rows.join('\n')
  } finally {
    await client.end()
  }
}

/** Environment and command line of the processes with these ids and of all that descends from them, by id. */
export async function readProcesses(roots: readonly number[]): Promise<ReadonlyMap<number, Buffer>> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : ''
    const [, parent] = /^.*\) \S+ (\d+) /s.exec(stat) ?? []
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const wanted = new Set(roots.filter((pid) => identifyProcess(pid) !== undefined))
  for (let size = -1; size !== wanted.size;) {
    size = wanted.size
    for (const [pid, parent] of parents) if (wanted.has(parent)) wanted.add(pid)
  }
  const read = (pid: number, file: string) => readFile(`/proc/${pid}/${file}`).catch(() => Buffer.alloc(0))
  const found = await Promise.all(
    [...wanted].map(
      async (pid) => [pid, Buffer.concat([await read(pid, 'environ'), await read(pid, 'cmdline')])] as const,
    ),
  )
  return new Map(found)
}

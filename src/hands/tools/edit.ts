import { createHash } from 'node:crypto'
import type { BetaManagedAgentsAgentToolset20260401EditInput as EditInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { describeRefusal, FILE_LIMIT, toSandboxPath } from './paths.ts'
import type { Tool } from './tool.ts'
import { fail } from './tool.ts'
import { toOutcome } from './write.ts'

/** Parallel edits of one file meet each other at most this often before one gives up. */
const attempts = 8

/**
 * Replaces text in a file, byte by byte: what is not UTF-8 stays as it is. The file is written only if it still is what
 * was read; a retry of the call finds its claim and changes nothing.
 */
export const edit: Tool<EditInput> = async ({ file_path, old_string, new_string, replace_all }, { sandbox, id }) => {
  const place = toSandboxPath(file_path)
  if ('problem' in place) return fail(`edit: ${place.problem}`)
  const { path } = place
  const [from, to] = [Buffer.from(old_string), Buffer.from(new_string)]
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = await sandbox.read({ path, maxBytes: FILE_LIMIT, unlessWritten: id })
    if (found.type === 'refused') return fail(`edit: ${describeRefusal(file_path, found.reason)}`)
    if (found.type === 'claimed') return repeat()
    if (found.size > FILE_LIMIT)
      return fail(
        `edit: ${file_path} has ${found.size} bytes, more than the limit of ${FILE_LIMIT}; use bash for a file this large`,
      )
    const pieces = split(Buffer.from(found.bytes), from)
    const count = pieces.length - 1
    if (count === 0) return fail(`edit: old_string is not in ${file_path}`)
    if (count > 1 && replace_all !== true)
      return fail(
        `edit: old_string stands ${count} times in ${file_path}, expected once: give more of its surroundings, or replace_all`,
      )
    const note = `edited ${file_path} (${count} replacement(s))`
    const written = await sandbox.write({ id, path, data: join(pieces, to), note, ifSha256: sha256(found.bytes) })
    if (written.type !== 'conflict') return toOutcome('edit', file_path, written)
  }
  return toOutcome('edit', file_path, { type: 'conflict' })

  /** The claim exists: its note is answered and nothing of this request is used. */
  async function repeat() {
    return toOutcome('edit', file_path, await sandbox.write({ id, path, data: new Uint8Array(), note: '' }))
  }
}

function split(bytes: Buffer, separator: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let start = 0
  for (let at = bytes.indexOf(separator); at !== -1; at = bytes.indexOf(separator, start)) {
    pieces.push(bytes.subarray(start, at))
    start = at + separator.length
  }
  return [...pieces, bytes.subarray(start)]
}

function join(pieces: readonly Buffer[], glue: Buffer): Buffer {
  return Buffer.concat(pieces.flatMap((piece, index) => (index === 0 ? [piece] : [glue, piece])))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

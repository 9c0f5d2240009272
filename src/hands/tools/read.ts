import type { BetaManagedAgentsAgentToolset20260401ReadInput as ReadInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { describeRefusal, FILE_LIMIT, toSandboxPath } from './paths.ts'
import { group, isLong, toPreview } from './presentation.ts'
import { toText } from './text.ts'
import type { Tool } from './tool.ts'
import { fail, succeed } from './tool.ts'

const newline = 0x0a

/**
 * Returns a file, or lines of it, as they are; of what is too long for the model both ends, for the whole is in the file.
 * Changes nothing and needs no claim: a retry reads again.
 */
export const read: Tool<ReadInput> = async ({ file_path, view_range }, { sandbox }) => {
  const place = toSandboxPath(file_path)
  if ('problem' in place) return fail(`read: ${place.problem}`)
  const [from, to] = view_range ?? []
  const lines = from === undefined || to === undefined ? undefined : ([from, to] as const)
  const found = await sandbox.read({ path: place.path, maxBytes: FILE_LIMIT, ...(lines && { lines }) })
  if (found.type === 'refused') return fail(`read: ${describeRefusal(file_path, found.reason)}`)
  if (found.type === 'claimed') throw new Error('expected a read without a claim to be answered')
  const { bytes, size } = found
  if (lines === undefined && size > FILE_LIMIT)
    return fail(
      `read: ${file_path} has ${size} bytes, more than the limit of ${FILE_LIMIT}; give view_range, for example [1, 500]`,
    )
  if (bytes.length > FILE_LIMIT)
    return fail(
      `read: lines [${from}, ${to}] of ${file_path} exceed the limit of ${FILE_LIMIT} bytes; ${remedyFor(!bytes.includes(newline))}`,
    )
  // The last line asked for ends with its text; at the end of a file the line break belongs to the file.
  const isOpen = to === undefined || to <= 0
  const text = toText(!isOpen && bytes.at(-1) === newline ? bytes.subarray(0, -1) : bytes)
  if (!isLong(text)) return succeed(text)
  const count = text.replace(/\n$/, '').split('\n').length
  const what = lines === undefined ? `${file_path} has` : `Lines [${from}, ${to}] of ${file_path} are`
  return succeed(
    toPreview(
      [text],
      `${what} ${group(bytes.length)} bytes in ${count === 1 ? 'one line' : `${group(count)} lines`}, too long to show: ${remedyFor(count === 1)}`,
    ),
  )
}

/** No range makes one line shorter. */
function remedyFor(isOneLine: boolean): string {
  return isOneLine ? 'show part of the line with bash, for example with cut -c' : 'give a smaller view_range'
}

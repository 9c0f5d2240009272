import type { BetaManagedAgentsAgentToolset20260401ReadInput as ReadInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { describeRefusal, FILE_LIMIT, toSandboxPath } from './paths.ts'
import { toText } from './text.ts'
import type { Tool } from './tool.ts'
import { fail, succeed } from './tool.ts'

const newline = 0x0a

/** Returns a file, or lines of it, as they are. Changes nothing and needs no claim: a retry reads again. */
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
      `read: lines [${from}, ${to}] of ${file_path} exceed the limit of ${FILE_LIMIT} bytes; give a smaller view_range`,
    )
  // The last line asked for ends with its text; at the end of a file the line break belongs to the file.
  const isOpen = to === undefined || to <= 0
  return succeed(toText(!isOpen && bytes.at(-1) === newline ? bytes.subarray(0, -1) : bytes))
}

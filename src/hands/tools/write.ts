import type { BetaManagedAgentsAgentToolset20260401WriteInput as WriteInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import type { ToolOutcome } from '../hands.ts'
import type { WriteResult } from '../sandbox.ts'
import { describeRefusal, toSandboxPath } from './paths.ts'
import type { Tool } from './tool.ts'
import { fail, succeed } from './tool.ts'

/** Replaces a whole file. A retry finds its claim and changes nothing, whatever the file has become since. */
export const write: Tool<WriteInput> = async ({ file_path, content }, { sandbox, id }) => {
  const place = toSandboxPath(file_path)
  if ('problem' in place) return fail(`write: ${place.problem}`)
  const data = Buffer.from(content)
  const note = `wrote ${data.length} bytes to ${file_path}`
  return toOutcome('write', file_path, await sandbox.write({ id, path: place.path, data, note }))
}

/** The outcome of a write that `name` asked for; a conflict is the caller's to handle first. */
export function toOutcome(name: string, path: string, result: WriteResult): ToolOutcome {
  switch (result.type) {
    case 'written':
      return succeed(result.note)
    case 'refused':
      return fail(`${name}: ${describeRefusal(path, result.reason)}`)
    case 'conflict':
      return fail(`${name}: ${path} changed while it was being edited; nothing was written. Read it and try again.`)
    case 'cancelled':
      return fail(`${name}: the call was given up; nothing was written`)
    case 'lost':
      return fail(`${name}: the writer was killed. Whether ${path} was written is unknown: read it.`)
  }
}

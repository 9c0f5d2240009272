import type { ToolOutcome } from '../../../src/hands/hands.ts'
import type { Sandbox } from '../../../src/hands/sandbox.ts'
import { prepareCall } from '../../../src/hands/tools/prepare.ts'

let serial = 0

/** One call of a tool as the hands make it; with an `id` given twice, its retry. */
export async function callTool(
  sandbox: Sandbox,
  name: string,
  input: object,
  { id = `sevt_${++serial}`, signal = new AbortController().signal } = {},
): Promise<ToolOutcome> {
  const call = prepareCall(name, input)
  return 'problem' in call ? { text: call.problem, isError: true } : call.run({ sandbox, id, signal })
}

export const good = (text: string): ToolOutcome => ({ text, isError: false })
export const bad = (text: string): ToolOutcome => ({ text, isError: true })

import type { ToolOutcome } from '../hands.ts'
import { bash } from './bash.ts'
import { toolDefinitions } from './definitions.ts'
import { edit } from './edit.ts'
import { glob } from './glob.ts'
import { grep } from './grep.ts'
import { problemOfInput } from './input.ts'
import { read } from './read.ts'
import type { Tool, ToolCall } from './tool.ts'
import { write } from './write.ts'

export interface PreparedCall {
  readonly run: (call: ToolCall) => Promise<ToolOutcome>
}

/** Every tool takes what fits its definition, which `problemOfInput` has checked before any of them sees it. */
const tools: Readonly<Record<string, Tool<never>>> = { bash, read, write, edit, glob, grep }

/** A call ready to run, or what is wrong with it in words for the model. */
export function prepareCall(name: string, input: unknown): PreparedCall | { readonly problem: string } {
  const definition = toolDefinitions.find((candidate) => candidate.name === name)
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined
  if (definition === undefined || tool === undefined)
    return {
      problem: `${name}: there is no such tool in the sandbox, expected one of ${Object.keys(tools).join(', ')}`,
    }
  const problem = problemOfInput(definition, input)
  if (problem !== null) return { problem }
  // True because the input has no problem; null fields count as left out, here as in the check.
  const fitting = Object.fromEntries(Object.entries(input as object).filter(([, value]) => value !== null)) as never
  return { run: (call) => tool(fitting, call) }
}

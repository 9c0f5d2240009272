import { Command } from 'commander'
import type { CommandSurroundings } from '../../src/database-commands.ts'

/** How a command ended: its exit code, and the lines that it printed. */
export interface Ended {
  readonly code: unknown
  readonly out: readonly string[]
  readonly err: readonly string[]
}

/** Commands in an environment of their own; a thrown error ends them with its exit code. */
export function commandLine(
  add: (program: Command, surroundings: CommandSurroundings) => void,
  env: Readonly<Record<string, string>>,
): (...args: string[]) => Promise<Ended> {
  return async (...args) => {
    const out: string[] = []
    const err: string[] = []
    let code: unknown
    const program = new Command('longhand')
    add(program, {
      env,
      print: (line) => out.push(line),
      warn: (line) => err.push(line),
      ending:
        (action) =>
        async (...parsed) => {
          code = await action(...parsed).catch((error: unknown) => {
            err.push(String(error))
            return error instanceof Error && 'exitCode' in error ? error.exitCode : error
          })
        },
    })
    await program.parseAsync(args, { from: 'user' })
    return { code, out, err }
  }
}

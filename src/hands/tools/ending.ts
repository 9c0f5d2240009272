import type { ToolOutcome } from '../hands.ts'
import type { RunResult } from '../sandbox.ts'
import { fail } from './tool.ts'

/** Exit code of a command that SIGKILL has ended. */
const KILLED = 137

/** What to tell of a command that did not end by itself; `shown` is its output so far. Null for one that did. */
export function describeEnding(
  name: string,
  { reason, code }: RunResult,
  shown: { text: string; timeoutMs: number },
): ToolOutcome | null {
  const before = shown.text === '' ? '' : `${shown.text}\n`
  switch (reason) {
    case 'exit':
      return null
    case 'timeout':
      return fail(`${before}${name}: ended after ${shown.timeoutMs} ms, the time limit, with everything it had started`)
    case 'oom':
      return fail(
        code === KILLED
          ? `${before}${name}: killed, the sandbox ran out of memory`
          : `${before}${name}: the sandbox ran out of memory and something that ran in it was killed; the command itself ended with exit ${code}`,
      )
    case 'cancelled':
      return fail(`${before}${name}: the call was given up and what ran for it was ended`)
    case 'crowded':
      return fail(
        `${before}${name}: ended, with everything else that ran in the sandbox: there was no room for another process. How far it came is unknown, and output may be missing; it was not run again. The sandbox and its files are still there; start fewer processes at once`,
      )
    case 'lost':
      return fail(
        `${name}: what ran this call was killed: by something in the sandbox (as \`kill -9 -1\` does), or because the machine had no room for another process. How far it came is unknown and its output is lost; it was not run again. The sandbox and its files are still there.`,
      )
  }
}

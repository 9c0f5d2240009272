import { createInterface } from 'node:readline/promises'
import { setImmediate as turn } from 'node:timers/promises'

/**
 * Puts a question to the person at the terminal: what they type, null for Ctrl+C, undefined when the input ends (Ctrl+D).
 * Rejects when `signal` aborts: the question is withdrawn.
 */
export type Ask = (question: string, signal?: AbortSignal) => Promise<string | null | undefined>

/** Asks on stdin and stdout, which have to be a terminal. What was typed before the question stood there answers nothing. */
export async function askPerson(question: string, signal?: AbortSignal): Promise<string | null | undefined> {
  const { stdin, stdout } = process
  await dropTyped(stdin)
  const lines = createInterface({ input: stdin, output: stdout })
  try {
    const answer = await new Promise<string | null | undefined>((resolve, reject) => {
      lines.once('SIGINT', () => resolve(null))
      lines.once('close', () => resolve(undefined))
      lines.question(question, signal ? { signal } : {}).then(resolve, reject)
    })
    // These leave the cursor behind the question; a question that is withdrawn does not.
    if (typeof answer !== 'string') stdout.write('\n')
    return answer
  } finally {
    lines.close()
  }
}

/** In raw mode a terminal hands over at once what it holds; the first turn of the event loop begins to read, the second has read. */
async function dropTyped(stdin: NodeJS.ReadStream): Promise<void> {
  const drop = (): void => undefined
  stdin.setRawMode(true).on('data', drop)
  await turn()
  await turn()
  stdin.off('data', drop).pause().setRawMode(false)
}

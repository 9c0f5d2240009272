import type { Ask } from './ask-person.ts'
import { oneLine } from './describe-event.ts'
import { EXIT } from './exit.ts'

export interface ConsentOptions {
  readonly task: string
  /** The model and whose it is, in words. */
  readonly model: string
  /** The user said so on the command line. */
  readonly yes: boolean
  /** Null where there is no terminal. */
  readonly ask: Ask | null
  readonly print: (line: string) => void
  readonly warn: (line: string) => void
}

/** Says what a live demo does and spends, and asks for it. Answers null to go on, else the exit code to end with. */
export async function askConsent({ task, model, yes, ask, print, warn }: ConsentOptions): Promise<number | null> {
  print(`live    ${oneLine(task)}`)
  print('        An agent does this in a sandbox. Its worker is killed once, in the middle, and another takes over.')
  print(`model   ${model}`)
  print('        This spends: each step of the agent is a model call that you pay, and nothing limits their number')
  print('        but Ctrl+C. A model call that the kill interrupts is made, and paid, again.')
  if (yes) return null
  if (ask === null) {
    warn('Nothing was started or spent: a live demo needs your word. Without a terminal, give it with --yes.')
    return EXIT.waits
  }
  const answer = await ask('Go ahead and spend? [y/N] ')
  if (typeof answer === 'string' && /^\s*y(es)?\s*$/i.test(answer)) return null
  warn('Nothing was started or spent.')
  return answer === null ? EXIT.interrupted : EXIT.waits
}

import type { Hands, ToolContext, ToolOutcome } from '../../src/hands/hands.ts'

/**
 * Hands that run nothing. `hold <name>` waits until the test releases that name or the call is given up, `fail` is a
 * tool error, anything else is done at once.
 */
export interface ScriptedHands extends Hands {
  /** Commands that were begun, with the ids of their calls, oldest first. */
  readonly begun: readonly { readonly command: string; readonly call: string }[]
  /** Resolves when the signal of the call that holds under this name tells that it was given up. */
  givenUp(name: string): Promise<void>
  /** Resolves when a call holds under this name. */
  held(name: string): Promise<void>
  release(name: string): void
  releaseAll(): void
}

export function createScriptedHands(): ScriptedHands {
  const begun: { command: string; call: string }[] = []
  const held = new Map<string, Latch>()
  const released = new Map<string, Latch>()
  const givenUp = new Map<string, Latch>()

  async function hold(name: string, { signal }: ToolContext): Promise<void> {
    signal.addEventListener('abort', () => latchOf(givenUp, name).open())
    latchOf(held, name).open()
    await Promise.race([latchOf(released, name).opened, latchOf(givenUp, name).opened])
  }

  return {
    begun,
    givenUp: (name) => latchOf(givenUp, name).opened,
    async execute(name, input, context): Promise<ToolOutcome> {
      const command = commandOf(input)
      begun.push({ command, call: context.toolUseId })
      const [verb = '', argument = ''] = command.split(' ')
      if (verb === 'hold') await hold(argument, context)
      return { text: `${name}: ${command}`, isError: verb === 'fail' }
    },
    held: (name) => latchOf(held, name).opened,
    release: (name) => latchOf(released, name).open(),
    releaseAll() {
      for (const name of held.keys()) latchOf(released, name).open()
    },
  }
}

interface Latch {
  readonly opened: Promise<void>
  open(): void
}

function latchOf(latches: Map<string, Latch>, name: string): Latch {
  const known = latches.get(name)
  if (known) return known
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  const latch = { opened, open }
  latches.set(name, latch)
  return latch
}

function commandOf(input: unknown): string {
  const command = typeof input === 'object' && input !== null && 'command' in input ? input.command : ''
  return typeof command === 'string' ? command : ''
}

import { devNull } from 'node:os'
import { fileURLToPath } from 'node:url'
import Anthropic from '@anthropic-ai/sdk'
import { findFreePorts } from '../../src/dev/ports.ts'
import { awaitReady } from '../../src/dev/ready.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import { now } from '../support/clock.ts'
import { toText } from '../support/directive.ts'
import type { Directive } from '../support/directive.ts'

/** A client of the model with one plain Node process between them, the least that a server can be. */
export interface Hop extends AsyncDisposable {
  /** When the client had each text delta, with the length of all text up to and with it. */
  ask(directive: Directive): Promise<readonly { readonly at: number; readonly length: number }[]>
}

export async function startHop(modelUrl: string): Promise<Hop> {
  const { port } = await findFreePorts(['port'])
  const supervisor = new Supervisor()
  const file = fileURLToPath(import.meta.resolve('./hop.ts'))
  const command = { command: process.execPath, args: ['--import', 'tsx', file, String(port), modelUrl] }
  await supervisor.start({ ...command, name: 'hop', env: process.env, logFile: devNull, ipc: true, ready: awaitReady })
  const baseURL = `http://127.0.0.1:${port}`
  const client = new Anthropic({ baseURL, apiKey: 'bench', authToken: null, maxRetries: 0 })
  return {
    async ask(directive) {
      const messages = [{ role: 'user' as const, content: toText(directive) }]
      const stream = await client.messages.create({ model: 'scripted', max_tokens: 1_024, messages, stream: true })
      const deltas: { at: number; length: number }[] = []
      let length = 0
      for await (const event of stream) {
        if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') continue
        length += event.delta.text.length
        deltas.push({ at: now(), length })
      }
      return deltas
    },
    [Symbol.asyncDispose]: () => supervisor.stop(),
  }
}

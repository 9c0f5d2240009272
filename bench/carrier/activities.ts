import { randomUUID } from 'node:crypto'
import type { Entry } from '../../src/session/entry.ts'

interface Decided {
  /** Decisions that ride in this input, in the alternative that is measured. */
  readonly decisions?: readonly Entry[]
}

interface ModelInput extends Decided {
  readonly session: string
  /** 1 asks for a tool, 2 answers. */
  readonly step: number
  readonly start: string
  readonly harness: string
}

interface ExecuteInput extends Decided {
  readonly session: string
  readonly call: string
  readonly abandoned: readonly string[]
}

const usage = { input_tokens: 912, output_tokens: 64, cache_read_input_tokens: 17_322, cache_creation_input_tokens: 0 }

/** Activities that take no time and return what the session's own return: entries of ordinary size. */
export function createActivities() {
  async function callModel({ step, start }: ModelInput) {
    const call = mint()
    const modelId = `toolu_${call.slice(5)}`
    const input = { command: 'npm test && ./ship.sh' }
    const text = 'All six tests pass; the release is shipped and the ledger has one line more.'
    const said =
      step === 1
        ? {
            block: { type: 'tool_use', id: modelId, name: 'bash', input },
            event: { id: call, type: 'agent.tool_use', name: 'bash', input },
          }
        : {
            block: { type: 'text', text },
            event: { id: call, type: 'agent.message', content: [{ type: 'text', text }] },
          }
    const record = {
      type: 'log.assistant',
      harness: 'default-1',
      content: [said.block],
      calls: [{ id: call, model_id: modelId }],
    }
    const span = {
      id: mint(),
      type: 'span.model_request_end',
      model_request_start_id: start,
      is_error: false,
      model_usage: usage,
    }
    return { entries: [record, said.event, span], call, usage }
  }
  async function execute({ call }: ExecuteInput) {
    const content = [{ type: 'text', text: '6 passed, 0 failed\nledger.txt: 1 line written\n' }]
    return { entries: [{ id: mint(), type: 'agent.tool_result', tool_use_id: call, content, is_error: false }] }
  }
  return { callModel, execute }
}

function mint(): string {
  return `sevt_${randomUUID().replaceAll('-', '').slice(0, 24)}`
}

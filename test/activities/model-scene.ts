import type { AskingPorts } from '../../src/activities/asking.ts'
import { createContextReader } from '../../src/activities/context.ts'
import { createHeardReader } from '../../src/activities/heard.ts'
import type { ModelCallPorts } from '../../src/activities/model.ts'
import { createCallModel } from '../../src/activities/model.ts'
import { currentHarness } from '../../src/model/harness.ts'
import type { ModelRequest, ModelResponse } from '../../src/model/model.ts'
import type { DeltaBatch } from '../../src/store/deltas.ts'
import { completed, decided, history, scheduled, signaled, started } from '../support/history-builders.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { message } from '../support/session-builders.ts'
import { openLog } from '../support/session-log-builders.ts'
import { agentWith } from './agent.ts'
import { inActivity, quietEnvironment } from './in-activity.ts'

export const SESSION = 'sesn_1'
/** A model's answer without calls. */
export const response: ModelResponse = {
  content: [{ type: 'text', text: 'hello', citations: null }],
  stopReason: 'end_turn',
  stopDetails: null,
  usage: { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
}

/** A session that was asked once, with a second message behind the call. */
const ITEMS = history(
  started(),
  signaled(message('m1')),
  decided({ type: 'session.status_running', id: 'e1' }, { type: 'log.mark', id: 'm1' }),
  scheduled('1'),
  signaled(message('m2')),
  decided({ type: 'log.mark', id: 'm2' }),
  completed(4, { type: 'log.assistant', harness: 'h', content: response.content, stop_reason: 'end_turn', calls: [] }),
  scheduled('2'),
)

/** What a model is asked with beside the log: an agent that says nothing of its own, and the present harness. */
export function askingPorts(tools: AskingPorts['tools'] = []) {
  return {
    configuration: async () => ({ id: 'cfg_1', agent: agentWith(), harness: currentHarness.id }),
    harness: () => currentHarness,
    tools,
    aimedTools: () => [],
    remoteTools: [],
    runsWebTools: false,
  } satisfies Partial<AskingPorts>
}

/** The activity over that session's log: the model answers, unless it is another one. */
export function callWith(change: Partial<ModelCallPorts> = {}, activityId = '1') {
  const { source, log } = openLog()
  const blobs = createMemoryBlobs()
  source.grow(...ITEMS)
  const requests: ModelRequest[] = []
  const batches: DeltaBatch[] = []
  const { callModel } = createCallModel({
    context: createContextReader(log, blobs),
    blobs,
    model: {
      async request(request) {
        requests.push(request)
        return response
      },
    },
    ...askingPorts(),
    publish: async (batch) => void batches.push(batch),
    heard: createHeardReader(log, blobs),
    ...change,
  })
  const environment = quietEnvironment(activityId)
  const run = () =>
    inActivity(() => callModel({ session: SESSION, request: 'r1', harness: currentHarness.id }), environment)
  return { run, requests, batches }
}

import { seconds, toLine } from './demo-lines.ts'
import type { LivePlay } from './live-scene.ts'
import { playLive } from './live-scene.ts'
import type { PresentOptions, Show } from './present.ts'
import { announceSession, presentShow } from './present.ts'
import { ensureAgent, ensureEnvironment } from './provisions.ts'
import type { HistoryCount } from './stage.ts'
import type { Claim, Verdict } from './verdict.ts'
import { claimsOnEvents, listEvents, toVerdict } from './verdict.ts'

export interface LiveOptions extends PresentOptions {
  readonly task: string
  /** Id of the model; whose it is, in words. */
  readonly model: string
  readonly described: string
  /** How long the worker stays away, in ms. */
  readonly downMs?: number
}

/**
 * A task of the user's with a real model, whose worker dies once on the way. Answers 0 only if the log is whole, the
 * session rests at the end of its turn, and a new worker took it over in between. Takes as long as the task does.
 */
export async function runLiveDemo({ task, model, described, downMs, ...options }: LiveOptions): Promise<number> {
  return presentShow(options, { model: described, limitMs: null, show: showTask({ task, model, downMs }) })
}

function showTask({ task, model, downMs }: Pick<LiveOptions, 'task' | 'model'> & { downMs: number | undefined }): Show {
  return async ({ stage, print, signal }) => {
    const { client } = stage
    const began = performance.now()
    const agent = await ensureAgent(client, { model, signal })
    const environment_id = await ensureEnvironment(client, { signal })
    const session = await announceSession({ stage, print, signal }, { agent, environment_id, title: 'live demo' })
    const play = await playLive({ stage, session, task, print, downMs, signal })
    const ms = performance.now() - began
    const history = await stage.count(session)
    const { ok, summary, problems } = judgeLive({ ...play, listed: await listEvents(client, session), history })
    const { usage } = await client.beta.sessions.retrieve(session, {}, { signal })
    print('')
    if (play.firstWordMs !== null)
      print(toLine('first', `word ${play.firstWordMs.toFixed(0)} ms after the task was sent`))
    print(
      toLine(
        'spent',
        `${history.modelCalls} model calls, ${history.repeatedModelCalls} of them made twice · ${describeUsage(usage)}`,
      ),
    )
    print(`${ok ? 'PASS' : 'FAIL'}  ${summary} · ${seconds(ms)}`)
    for (const problem of problems) print(`      ✗ ${problem}`)
    return ok
  }
}

interface LiveEvidence extends LivePlay {
  readonly listed: readonly string[]
  readonly history: HistoryCount
}

/** Judges what a live demo claims; what became of the task is for its user to judge. */
export function judgeLive(evidence: LiveEvidence): Verdict {
  const { listed, history, stopReason } = evidence
  return toVerdict(evidence, [
    ...claimsOnEvents({ listed, history }),
    ...claimsOnCrash(evidence),
    [stopReason === 'end_turn', `the session did not end its turn: ${stopReason ?? 'it was terminated'}`],
  ])
}

function claimsOnCrash({ crash, history }: LiveEvidence): readonly Claim[] {
  if (crash === null)
    return [[false, 'the worker was never killed: the agent called no tool, so give it a task that needs one']]
  const { isMiddle, replayed } = crash
  const most = isMiddle ? 0 : 1
  const repeated = history.repeatedModelCalls
  return [
    [crash.successor !== crash.killed, 'the worker that took over is the one that was killed'],
    [replayed !== null, 'the turn was over when the worker died: nothing was taken over'],
    [replayed !== 0, 'the new worker did not replay the session'],
    [repeated <= most, `${repeated} model calls were made more than once, ${most} expected`],
  ]
}

function describeUsage(usage: {
  readonly input_tokens?: number
  readonly output_tokens?: number
  readonly cache_read_input_tokens?: number
  readonly cache_creation?: {
    readonly ephemeral_1h_input_tokens?: number
    readonly ephemeral_5m_input_tokens?: number
  }
}): string {
  const { input_tokens: fresh = 0, output_tokens: output = 0, cache_read_input_tokens: read = 0 } = usage
  const { ephemeral_1h_input_tokens: long = 0, ephemeral_5m_input_tokens: short = 0 } = usage.cache_creation ?? {}
  return `tokens: ${fresh} in, ${read} read from and ${long + short} written to the prompt cache, ${output} out`
}

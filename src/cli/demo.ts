import { toLine } from './demo-lines.ts'
import { describeError } from './describe-error.ts'
import { EXIT } from './exit.ts'
import { playScene } from './scene.ts'
import { ensureAgent, ensureEnvironment } from './provisions.ts'
import { lookAtShipment } from './shipment.ts'
import type { Stage } from './stage.ts'
import { gatherEvidence, judge } from './verdict.ts'

const TASK = 'Write slug.sh with tests, make them pass, then ship it with ./ship.sh (adds one line to ledger.txt).'
/** A demo that takes longer than this has failed. */
const LIMIT_MS = 180_000

export interface DemoOptions {
  readonly stage: Stage
  /** Leaves the server up when the verdict is out, until `signal` aborts. */
  readonly keep: boolean
  readonly print: (line: string) => void
  /** Aborts when a person ends the demo. */
  readonly signal: AbortSignal
}

/**
 * A session through the official client that loses its worker in the middle of a command. Answers 0 only if everything
 * that it claims was checked and holds, else 1; 130 when it was ended before the verdict.
 */
export async function runDemo({ stage, keep, print, signal }: DemoOptions): Promise<number> {
  print(toLine('setup', `${stage.parts.map((part) => `${part} ✓`).join(' · ')} · sandbox: ${stage.sandboxKind}`))
  print(toLine('model', stage.scripted ? 'scripted, offline' : 'the one that is configured'))
  const limit = AbortSignal.timeout(LIMIT_MS)
  let isOk = false
  try {
    isOk = await performDemo({ stage, print, signal: AbortSignal.any([signal, limit]) })
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    print('')
    print(`FAIL  ${limit.aborted ? `not over after ${LIMIT_MS / 1000} s` : describeError(error, stage.client.baseURL)}`)
  }
  if (keep) {
    print(`Up at   ${stage.client.baseURL}   Ctrl+C ends it.`)
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  } else {
    print('Look around: npm run demo -- --keep      Use it: npm start')
  }
  return isOk ? EXIT.done : EXIT.failed
}

async function performDemo({ stage, print, signal }: Omit<DemoOptions, 'keep'>): Promise<boolean> {
  const { client } = stage
  const began = performance.now()
  const session = await client.beta.sessions.create(
    {
      agent: await ensureAgent(client, { signal }),
      environment_id: await ensureEnvironment(client, { signal }),
      title: 'demo',
    },
    { signal },
  )
  print(toLine('watch', stage.watch(session.id)))
  print(toLine('', "this workflow's history IS the session"))
  print('')
  print(toLine('you', TASK))
  const play = await playScene({ stage, session: session.id, task: TASK, print, signal })
  const seconds = (performance.now() - began) / 1000
  const shipment = await lookAtShipment(stage, session.id)
  const evidence = await gatherEvidence(stage, { session: session.id, play, shipment })
  const { ok, summary, problems } = judge(evidence)
  const command = evidence.commandSeconds?.toFixed(1) ?? '?'
  print('')
  print(`${ok ? 'PASS' : 'FAIL'}  ${summary} · ${seconds.toFixed(1)} s, of which ${command} s your command`)
  for (const problem of problems) print(`      ✗ ${problem}`)
  return ok
}

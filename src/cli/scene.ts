import { setTimeout as sleep } from 'node:timers/promises'
import type { Crash } from './crash.ts'
import { crashWorker } from './crash.ts'
import { describeOutcome, toCallLine, toLine } from './demo-lines.ts'
import { textOf } from './describe-event.ts'
import type { StreamedEvent } from './follow.ts'
import { followSession, previewsIf } from './follow.ts'
import { describeLedger, describeUploads, lookAtShipment } from './shipment.ts'
import type { Stage } from './stage.ts'
import type { Play } from './verdict.ts'

/** The command in whose middle the worker dies. */
const SHIP = './ship.sh'
const LOOK_MS = 25

type Of<Type extends StreamedEvent['type']> = Extract<StreamedEvent, { type: Type }>

export interface SceneOptions {
  readonly stage: Stage
  readonly session: string
  readonly task: string
  /** Called once, when the first word of the agent has come. */
  readonly onFirstWord?: () => void
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}

/** What is known so far of the session that is followed. */
interface Scene {
  /** When the task was sent, by `performance.now()`. */
  readonly sentAt: number
  /** Resolves with the remark on how soon the agent's first word came; null before it, and '' once it was told. */
  firstWord: Promise<string> | null
  readonly calls: Map<string, Of<'agent.tool_use'>>
  /** Ids of the messages that the agent has taken up. */
  readonly taken: Set<string>
  /** Resolves with the remark on the sandbox's start. */
  starting: Promise<string> | null
  crash: Crash | null
  answer: string
}

/** Gives the session its task and follows it to its end; the worker dies while the command ships. */
export async function playScene(options: SceneOptions): Promise<Play> {
  const { stage, session, task, print, signal } = options
  const { client } = stage
  const { events } = client.beta.sessions
  const stream = await events.stream(session, previewsIf(true), { signal })
  const scene: Scene = {
    sentAt: performance.now(),
    firstWord: null,
    calls: new Map(),
    taken: new Set(),
    starting: null,
    crash: null,
    answer: '',
  }
  await events.send(
    session,
    { events: [{ type: 'user.message', content: [{ type: 'text', text: task }] }] },
    { signal },
  )
  const onCut = (): void => print('the stream ended; reading on')
  for await (const event of followSession({ client, session, stream, signal, onCut })) {
    hearFirstWord(event, scene, options)
    if (event.type === 'user.message' && event.processed_at !== null) scene.taken.add(event.id)
    else if (event.type === 'agent.message') await showMessage(event, scene, options)
    else if (event.type === 'agent.tool_use') await showCall(event, scene, options)
    else if (event.type === 'agent.tool_result') await showResult(event, scene, options)
    else if (event.type === 'session.error') print(toLine('error', event.error.message))
    else if (event.type === 'session.status_idle') return { ...scene, stopReason: event.stop_reason.type }
    else if (event.type === 'session.status_terminated') return { ...scene, stopReason: null }
  }
  throw new Error('expected the session to end')
}

/** The first piece of a preview is the first word; where there are no previews, it is the first whole message. */
function hearFirstWord(event: StreamedEvent, scene: Scene, options: SceneOptions): void {
  const isPreview = event.type === 'event_delta'
  if (scene.firstWord !== null || !(isPreview || event.type === 'agent.message')) return
  const ms = (performance.now() - scene.sentAt).toFixed(0)
  const said = isPreview ? `first word after ${ms} ms` : `first message after ${ms} ms (no preview came)`
  scene.firstWord = describeFirstWord(said, options)
  // Awaited with the first message; until then a failure is nobody's.
  scene.firstWord.catch(() => undefined)
  options.onFirstWord?.()
}

/** Looks at once: when the message is whole, its tool calls may have started a sandbox. */
async function describeFirstWord(said: string, { stage, session }: SceneOptions): Promise<string> {
  return (await stage.sandbox(session)) === null ? `${said} · no sandbox started yet` : said
}

async function showMessage({ content }: Of<'agent.message'>, scene: Scene, { print }: SceneOptions): Promise<void> {
  scene.answer = textOf(content)
  const isAnswered = scene.crash !== null && scene.taken.has(scene.crash.message)
  const remark = isAnswered ? '(your message from during the crash)' : ((await scene.firstWord) ?? '')
  scene.firstWord = Promise.resolve('')
  print(toLine('agent', scene.answer, remark))
}

async function showCall(event: Of<'agent.tool_use'>, scene: Scene, options: SceneOptions): Promise<void> {
  scene.calls.set(event.id, event)
  if (scene.starting === null) {
    scene.starting = describeStart(event, options)
    // Awaited with the first result; until then a failure is nobody's.
    scene.starting.catch(() => undefined)
  }
  if (event.input['command'] === SHIP) scene.crash ??= await crashWorker({ ...options, call: event.id })
}

async function showResult(event: Of<'agent.tool_result'>, scene: Scene, options: SceneOptions): Promise<void> {
  const { print } = options
  const use = scene.calls.get(event.tool_use_id)
  if (use === undefined) return
  const { crash } = scene
  if (crash?.call === use.id) return showShipped(event, crash, options)
  const remark = (await scene.starting) ?? ''
  scene.starting = Promise.resolve('')
  print(toCallLine(use, describeOutcome(use, event), remark))
}

/** The line of the command that saw the crash: what was joined, by history's word, and what it left. */
async function showShipped(event: Of<'agent.tool_result'>, crash: Crash, options: SceneOptions): Promise<void> {
  const { stage, session, print } = options
  const shipment = await lookAtShipment(stage, session)
  const rest = describeUploads(shipment, crash.takenOverAt)
  if (rest !== '') print(`${' '.repeat(35)}${rest.replace(/ …$/, '')} done`)
  const { attempts } = await stage.count(session)
  const isJoined = attempts.get(crash.call) === crash.attempt && crash.attempt > 1 && shipment.ledger === 1
  const how = isJoined ? `attempt ${crash.attempt} joined attempt 1 · ` : ''
  const use = { name: 'bash', input: { command: SHIP } }
  const ending = event.is_error ? describeOutcome(use, event) : 'exit 0'
  print(toCallLine(use, `${ending} · ${how}${describeLedger(shipment)}`))
}

/** Waits until the sandbox of the first call is up: by the host's clock, from the moment that history has of the call. */
async function describeStart(event: Of<'agent.tool_use'>, { stage, session, signal }: SceneOptions): Promise<string> {
  const calledAt = Date.parse(event.processed_at)
  for (;;) {
    const sandbox = await stage.sandbox(session)
    if (sandbox?.isUp) return `sandbox ${sandbox.generation} up ${Date.now() - calledAt} ms after the first tool call`
    await sleep(LOOK_MS, undefined, { signal })
  }
}

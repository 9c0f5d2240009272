import type Anthropic from '@anthropic-ai/sdk'
import { APIConnectionError, NotFoundError } from '@anthropic-ai/sdk'
import { createAnswering } from './answering.ts'
import type { Answering } from './answering.ts'
import type { Ask } from './ask-person.ts'
import { describeError } from './describe-error.ts'
import { createDescriber } from './describe-event.ts'
import { EXIT } from './exit.ts'
import type { StreamedEvent } from './follow.ts'
import { followSession, previewsIf } from './follow.ts'
import { createPreviewer } from './preview.ts'
import { CHANGING_TOOLS, ensureAgent, ensureEnvironment } from './provisions.ts'

export interface RunOptions {
  readonly client: Anthropic
  readonly task: string
  /** An agent's id; without one `run` keeps an agent of its own. */
  readonly agent?: string | undefined
  readonly model?: string | undefined
  /** The agent that `run` keeps has to ask before each command and each change of a file. */
  readonly isAsking?: boolean | undefined
  /** Asks a person what a session waits for; null where there is none, and with `json` nobody is asked either. */
  readonly ask?: Ask | null
  /** JSON lines, an event each, and nothing else. */
  readonly json: boolean
  /** stdout as a terminal: gets the agent's words as they come. Without it only whole lines are printed. */
  readonly write?: ((text: string) => void) | undefined
  /** stdout. */
  readonly print: (line: string) => void
  /** stderr. */
  readonly warn: (line: string) => void
  /** Aborts when the user has had enough: the session goes on. */
  readonly signal: AbortSignal
}

const TITLE_LENGTH = 100

/** Creates a session for the task, shows it as it goes, and answers with an exit code when it is idle. */
export async function runTask(options: RunOptions): Promise<number> {
  const { warn, signal } = options
  let session: string | undefined
  try {
    if (options.task.trim() === '') {
      warn('the task is empty: say in words what is to be done')
      return EXIT.usage
    }
    session = await createSession(options)
    warn(`session ${session}`)
    return await follow(session, options)
  } catch (error) {
    if (signal.aborted) {
      warn(session === undefined ? 'interrupted' : `interrupted: session ${session} goes on`)
      return EXIT.interrupted
    }
    return explain(error, options)
  }
}

async function createSession({ client, task, agent, model, isAsking, signal }: RunOptions): Promise<string> {
  const options = { signal }
  const asks = isAsking ? CHANGING_TOOLS : []
  const { id } = await client.beta.sessions.create(
    {
      agent: agent ?? (await ensureAgent(client, { model, asks, signal })),
      environment_id: await ensureEnvironment(client, options),
      title: toTitle(task),
    },
    options,
  )
  return id
}

/** The task's beginning; a character is never cut in half. */
function toTitle(task: string): string {
  return Array.from(task.trim()).slice(0, TITLE_LENGTH).join('')
}

/** Reads on until the session ends or waits for what nobody here can answer, or until a person who is asked leaves. */
async function follow(session: string, options: RunOptions): Promise<number> {
  const { client, json, ask = null, print, warn } = options
  const leaving = new AbortController()
  const signal = AbortSignal.any([options.signal, leaving.signal])
  const ended = new Promise<number>((onLeave, onError) => {
    const asked = { client, session, ask: json ? null : ask, print, warn, onLeave, onError, signal }
    followTask(session, { ...options, signal }, createAnswering(asked)).then(onLeave, onError)
  })
  return ended.finally(() => leaving.abort())
}

async function followTask(session: string, options: RunOptions, answering: Answering): Promise<number> {
  const { client, task, json, write, print, warn, signal } = options
  const previews = write !== undefined && !json
  const { events } = client.beta.sessions
  // Open before the task is sent, so that nothing of it is missed.
  const stream = await events.stream(session, previewsIf(previews), { signal })
  await events.send(
    session,
    { events: [{ type: 'user.message', content: [{ type: 'text', text: task }] }] },
    { signal },
  )
  const describe = createDescriber()
  const preview = previews ? createPreviewer(write) : () => false
  const onCut = (): void => warn('the stream ended; reading on')
  for await (const event of followSession({ client, session, stream, previews, signal, onCut })) {
    answering.hear(event)
    if (preview(event)) continue
    for (const line of json ? [JSON.stringify(event)] : describe(event)) print(line)
    const code = answering.meet(event) ?? exitOf(event)
    if (code !== null) return code
  }
  throw new Error('expected the session to end')
}

function exitOf(event: StreamedEvent): number | null {
  if (event.type === 'session.status_terminated' || event.type === 'session.deleted') return EXIT.failed
  if (event.type !== 'session.status_idle') return null
  switch (event.stop_reason.type) {
    case 'requires_action':
      return null
    case 'end_turn':
      return EXIT.done
    default:
      return EXIT.failed
  }
}

function explain(error: unknown, { client, warn }: RunOptions): number {
  const said = describeError(error, client.baseURL)
  if (error instanceof APIConnectionError) {
    warn(`${said}: start one with npm start (longhand dev), or set ANTHROPIC_BASE_URL to where it runs`)
    return EXIT.unreachable
  }
  warn(said)
  return error instanceof NotFoundError ? EXIT.missing : EXIT.failed
}

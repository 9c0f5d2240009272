import type Anthropic from '@anthropic-ai/sdk'
import { toFile } from '@anthropic-ai/sdk'

/** What a call may be about; made for it alone, so that it may change and end all of it. */
export interface Things {
  readonly agent: string
  readonly environment: string
  /** An environment that no session names. */
  readonly spare: string
  readonly session: string
  /** Its resources: a file and a repository. */
  readonly mounted: string
  readonly cloned: string
  /** A session that is archived already. */
  readonly archived: string
  /** A file that was uploaded, and one that a session has made. */
  readonly file: string
  readonly made: string
  readonly work: (state: 'queued' | 'polled' | 'held') => Promise<WorkThing>
}

/** An item of a self-hosted environment, in the state that was asked for. */
export interface WorkThing {
  readonly environment: string
  /** A client with the environment's key. */
  readonly worker: Anthropic
  readonly id: string
}

type Ask = (sdk: Anthropic, things: Things) => Promise<unknown>

const named = ({ session }: Things): { session_id: string } => ({ session_id: session })
const threadOf = (session: string): string => session.replace(/^sesn_/, 'sthr_')
const text = () => toFile(Buffer.from('hello'), 'hello.txt', { type: 'text/plain' })

async function open(stream: Promise<{ readonly controller: AbortController }>): Promise<void> {
  const { controller } = await stream
  controller.abort()
}

/** One official call of each method whose route is built, by the method's name. */
export const ROUTE_CALLS: Readonly<Record<string, Ask>> = {
  'beta.agents.create': ({ beta }) => beta.agents.create({ name: 'made', model: 'claude-opus-5-5' }),
  'beta.agents.list': ({ beta }) => beta.agents.list(),
  'beta.agents.retrieve': ({ beta }, { agent }) => beta.agents.retrieve(agent),
  'beta.agents.update': ({ beta }, { agent }) => beta.agents.update(agent, { name: 'changed' }),
  'beta.agents.archive': ({ beta }, { agent }) => beta.agents.archive(agent),
  'beta.agents.versions.list': ({ beta }, { agent }) => beta.agents.versions.list(agent),

  'beta.environments.create': ({ beta }, { agent }) => beta.environments.create({ name: `beside ${agent}` }),
  'beta.environments.list': ({ beta }) => beta.environments.list(),
  'beta.environments.retrieve': ({ beta }, { environment }) => beta.environments.retrieve(environment),
  'beta.environments.update': ({ beta }, { spare }) => beta.environments.update(spare, { description: 'changed' }),
  'beta.environments.archive': ({ beta }, { environment }) => beta.environments.archive(environment),
  'beta.environments.delete': ({ beta }, { spare }) => beta.environments.delete(spare),

  'beta.environments.work.poll': async (_, { work }) => {
    const { worker, environment } = await work('queued')
    return worker.beta.environments.work.poll(environment)
  },
  'beta.environments.work.ack': async (_, { work }) => {
    const { worker, environment, id } = await work('polled')
    return worker.beta.environments.work.ack(id, { environment_id: environment })
  },
  'beta.environments.work.heartbeat': async (_, { work }) => {
    const { worker, environment, id } = await work('held')
    return worker.beta.environments.work.heartbeat(id, { environment_id: environment })
  },
  'beta.environments.work.list': async ({ beta }, { work }) =>
    beta.environments.work.list((await work('queued')).environment),
  'beta.environments.work.stats': async ({ beta }, { work }) =>
    beta.environments.work.stats((await work('queued')).environment),
  'beta.environments.work.retrieve': async ({ beta }, { work }) => {
    const { environment, id } = await work('queued')
    return beta.environments.work.retrieve(id, { environment_id: environment })
  },
  'beta.environments.work.update': async ({ beta }, { work }) => {
    const { environment, id } = await work('queued')
    return beta.environments.work.update(id, { environment_id: environment, metadata: { a: 'b' } })
  },
  'beta.environments.work.stop': async ({ beta }, { work }) => {
    const { environment, id } = await work('held')
    return beta.environments.work.stop(id, { environment_id: environment, force: true })
  },

  'beta.files.upload': async ({ beta }) => beta.files.upload({ file: await text() }),
  'beta.files.list': ({ beta }) => beta.files.list(),
  'beta.files.retrieveMetadata': ({ beta }, { file }) => beta.files.retrieveMetadata(file),
  'beta.files.download': ({ beta }, { made }) => beta.files.download(made).then((response) => response.text()),
  'beta.files.delete': ({ beta }, { file }) => beta.files.delete(file),
  'files.upload': async ({ files }) => files.upload({ file: await text() }),
  'files.list': ({ files }) => files.list(),
  'files.retrieveMetadata': ({ files }, { file }) => files.retrieveMetadata(file),
  'files.download': ({ files }, { made }) => files.download(made).then((response) => response.text()),
  'files.delete': ({ files }, { file }) => files.delete(file),

  'beta.sessions.create': ({ beta }, { agent, environment }) =>
    beta.sessions.create({ agent, environment_id: environment }),
  'beta.sessions.list': ({ beta }) => beta.sessions.list(),
  'beta.sessions.retrieve': ({ beta }, { session }) => beta.sessions.retrieve(session),
  'beta.sessions.update': ({ beta }, { session }) => beta.sessions.update(session, { title: 'changed' }),
  'beta.sessions.archive': ({ beta }, { session }) => beta.sessions.archive(session),
  'beta.sessions.delete': ({ beta }, { session }) => beta.sessions.delete(session),
  'beta.sessions.events.list': ({ beta }, { session }) => beta.sessions.events.list(session),
  'beta.sessions.events.send': ({ beta }, { session }) =>
    beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] }),
  'beta.sessions.events.stream': ({ beta }, { session }) => open(beta.sessions.events.stream(session)),

  'beta.sessions.threads.list': ({ beta }, { session }) => beta.sessions.threads.list(session),
  'beta.sessions.threads.retrieve': ({ beta }, things) =>
    beta.sessions.threads.retrieve(threadOf(things.session), named(things)),
  'beta.sessions.threads.archive': ({ beta }, { archived }) =>
    beta.sessions.threads.archive(threadOf(archived), { session_id: archived }),
  'beta.sessions.threads.events.list': ({ beta }, things) =>
    beta.sessions.threads.events.list(threadOf(things.session), named(things)),
  'beta.sessions.threads.events.stream': ({ beta }, things) =>
    open(beta.sessions.threads.events.stream(threadOf(things.session), named(things))),

  'beta.sessions.resources.list': ({ beta }, { session }) => beta.sessions.resources.list(session),
  'beta.sessions.resources.add': ({ beta }, { session, file }) =>
    beta.sessions.resources.add(session, { type: 'file', file_id: file }),
  'beta.sessions.resources.retrieve': ({ beta }, things) =>
    beta.sessions.resources.retrieve(things.mounted, named(things)),
  'beta.sessions.resources.update': ({ beta }, things) =>
    beta.sessions.resources.update(things.cloned, { ...named(things), authorization_token: 'token' }),
  'beta.sessions.resources.delete': ({ beta }, things) => beta.sessions.resources.delete(things.mounted, named(things)),

  'beta.models.list': ({ beta }) => beta.models.list(),
  'beta.models.retrieve': ({ beta }) => beta.models.retrieve('scripted'),
  'models.list': ({ models }) => models.list(),
  'models.retrieve': ({ models }) => models.retrieve('scripted'),
}

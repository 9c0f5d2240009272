import type { ApiContext } from '../../src/api/context.ts'
import { foldResource } from '../../src/session/resources.ts'
import { refuses } from '../../src/session/settle.ts'
import type { LogState } from '../../src/session/state.ts'
import type { ConfigureUpdate, SessionInput } from '../../src/workflows/messages.ts'
import { buildFile } from '../suites/file-store.ts'
import type { World } from './fakes.ts'
import { AUTHORIZED, createFakeApp, storeAgent, storeSession } from './fakes.ts'

export const TOKEN = 'ghp_c4n4ryT0kenThatNobodyMaySee0123456789'
export const REPOSITORY = { type: 'github_repository', url: 'https://github.com/octo/repo' } as const

export interface Opened {
  readonly world: World
  readonly context: ApiContext
  readonly started: SessionInput[]
  readonly updates: { readonly change: ConfigureUpdate; readonly id: string }[]
  readonly announced: string[]
  /** The body, with the status as `code`. */
  send(method: 'GET' | 'POST' | 'DELETE', url: string, body?: object, headers?: object): Promise<Answer>
}

export type Answer = ReturnType<typeof JSON.parse>

/** An application whose sessions take updates as their workflows do. */
export function open(state: Partial<LogState> = {}, change: Partial<ApiContext> = {}): Opened {
  const [started, updates, announced]: [SessionInput[], Opened['updates'], string[]] = [[], [], []]
  const { app, world, context } = createFakeApp((made) => ({
    workflows: {
      ...createFakeApp().context.workflows,
      start: async (_, input) => void started.push(input),
      async configure(_, update, id) {
        updates.push({ change: update, id })
        const { state: before } = made.view
        const refused = refuses(before, { type: 'configured', ...update })
        if (refused) return { refused: refused.reason }
        const { resources: asked } = update
        if (asked === undefined) return { refused: null }
        const entry =
          'add' in asked
            ? ({ type: 'log.resource', resource: asked.add } as const)
            : ({ type: 'log.resource_removed', id: asked.remove } as const)
        made.view = { ...made.view, state: foldResource(before, entry) }
        return { refused: null }
      },
    },
    announceResources: async (session) => void announced.push(session),
    ...change,
  }))
  world.view = { ...world.view, state: { ...world.view.state, ...state } }
  storeAgent(world, { id: 'agent_1' })
  return {
    world,
    context,
    started,
    updates,
    announced,
    async send(method, url, body, headers = {}) {
      const payload = body === undefined ? {} : { payload: body }
      const answer = await app.inject({ method, url, headers: { ...AUTHORIZED, ...headers }, ...payload })
      return { code: answer.statusCode, ...answer.json() }
    },
  }
}

export async function store({ world }: Opened, change: Parameters<typeof buildFile>[1] = {}): Promise<string> {
  const file = buildFile('default', change)
  await world.files.begin('default', file.content ?? '')
  return (await world.files.create(file)).id
}

/** Asks for a session with these resources. */
export function create(opened: Opened, resources: readonly object[], headers: object = {}): Promise<Answer> {
  return opened.send('POST', '/v1/sessions', { agent: 'agent_1', environment_id: 'env_1', resources }, headers)
}

/** A session that is there, with the log as `open` was told. */
export function existing(state: Partial<LogState> = {}, change: Partial<ApiContext> = {}): Opened {
  const opened = open(state, change)
  storeSession(opened.world, 'sesn_1')
  return opened
}

export const URL = '/v1/sessions/sesn_1/resources'

export function mounting(id: string, mountPath?: string): object {
  return { type: 'file', file_id: id, ...(mountPath === undefined ? {} : { mount_path: mountPath }) }
}

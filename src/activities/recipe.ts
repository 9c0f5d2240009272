import type { ToolContext } from '../hands/hands.ts'
import type { Recipe, RecipeRepository, Supply, Surroundings } from '../hands/recipe.ts'
import { MAIN, RecipeFailed } from '../hands/recipe.ts'
import { LogIncomplete, LogNotFound } from '../history/session-log.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { LogView } from '../history/tracked.ts'
import { walk } from '../history/walk.ts'
import type { Provisioned, ResourceEntry } from '../session/entry.ts'
import { handOf } from '../session/state.ts'
import type { Configuration } from '../store/sessions.ts'
import { HAND_KEY, handRecipeOf } from '../wire/session-hands.ts'
import { failure } from './failures.ts'

export interface RecipePorts {
  readonly log: Pick<SessionLog, 'read' | 'slice' | 'find'>
  /** The session's configuration of this id, else the one that its row names. */
  readonly configuration: (session: string, id?: string) => Promise<Configuration | null>
}

/** What the hands ask the log, which alone says what a session's sandboxes are made of. */
export interface RecipeReader {
  /**
   * Rejects with a failure that is not retried when the log is lost, and with `RecipeFailed` when what it names is not
   * there any more.
   */
  readonly recipeOf: (session: string, hand: string) => Promise<Recipe>
  /** Names of the hands that the session has beside the main one. */
  readonly handsOf: (session: string) => Promise<readonly string[]>
  /** As in `ToolContext`. */
  readonly nameCalls: (session: string, ids: readonly string[]) => Promise<readonly (string | null)[]>
}

/** The same for one hand of a session, as the hands take it. */
export function reading(
  { recipeOf, handsOf, nameCalls }: RecipeReader,
  session: string,
  hand: string = MAIN,
): Required<Pick<ToolContext, 'recipe' | 'hands' | 'nameCalls'>> {
  return {
    recipe: () => recipeOf(session, hand),
    hands: () => handsOf(session),
    nameCalls: (ids) => nameCalls(session, ids),
  }
}

const NAME_LENGTH = 60

export function createRecipeReader({ log, configuration }: RecipePorts): RecipeReader {
  return {
    async recipeOf(session, hand) {
      const view = await read(log, session)
      const { configuration: id, supplies = 0 } = view.state
      const { image, surroundings } = (await provisionedIn(log, view, hand)) ?? {}
      const { networking, packages, runtime } =
        surroundings ?? surroundingsIn(await configuration(session, id ?? undefined), { id, hand })
      const resources = await resourcesIn(log, view)
      return {
        ...(image === undefined ? {} : { image }),
        ...(networking ? { networking } : {}),
        ...(packages ? { packages } : {}),
        ...(runtime === undefined ? {} : { runtime }),
        files: resources.flatMap((resource) => (resource.type === 'file' ? [toSupply(resource)] : [])),
        repositories: resources.flatMap((resource) => (resource.type === 'file' ? [] : [toRepository(resource)])),
        supplies,
      }
    },

    // The same in all configurations that a session comes to have, and in its metadata for as long as it lives.
    async handsOf(session) {
      const configured = await configuration(session)
      if (configured) return Object.keys(configured.recipe?.hands ?? {})
      const { metadata } = (await read(log, session)).state
      return Object.keys(metadata).flatMap((key) => (key.startsWith(HAND_KEY) ? [key.slice(HAND_KEY.length)] : []))
    },

    async nameCalls(session, ids) {
      if (ids.length === 0) return []
      const view = await read(log, session)
      const found = await Promise.all(ids.map((id) => log.find(view, id)))
      return found.map((item) => (item?.says?.type === 'agent.tool_use' ? nameCall(item.says) : null))
    },
  }
}

/** What the hand has of its environment. A session whose log names no configuration need not have one. */
function surroundingsIn(
  configured: Configuration | null,
  { id, hand }: { readonly id: string | null; readonly hand: string },
): Surroundings {
  if (configured === null && id !== null)
    throw new RecipeFailed(
      `the session's log names the configuration ${id} for what its sandboxes are made of, and the database has none of ` +
        'that id. Once that row is restored from a backup the next call works; until then only a new session can go on.',
    )
  const { networking, recipe } = configured ?? {}
  if (hand === MAIN) return { ...recipe, ...(networking ? { networking } : {}) }
  const own = handRecipeOf(recipe, hand)
  if (!own) throw new RecipeFailed(`the session has no environment ${hand}`)
  return own
}

async function read(log: RecipePorts['log'], session: string): Promise<LogView> {
  try {
    return await log.read(session)
  } catch (error) {
    if (!(error instanceof LogNotFound) && !(error instanceof LogIncomplete)) throw error
    throw failure('history_gone', `harness: what the sandbox is made of cannot be read: ${error.message}`, error)
  }
}

/** Those that the session has now, in log order. Where it never had any nothing is read. */
async function resourcesIn(log: RecipePorts['log'], view: LogView): Promise<readonly ResourceEntry[]> {
  const { resources: ids = [] } = view.state
  if (ids.length === 0) return []
  const found = new Map<string, ResourceEntry>()
  for await (const { says } of walk(log, view, { order: 'asc', audience: 'model', types: ['log.resource'] }))
    if (says?.type === 'log.resource') found.set(says.resource.id, says.resource)
  return ids.map((id) => {
    const resource = found.get(id)
    if (!resource) throw failure('history_gone', `harness: the log has no resource ${id} any more`)
    return resource
  })
}

/** How the hand's newest sandbox came to be. Where it has had none nothing is read. */
async function provisionedIn(log: RecipePorts['log'], view: LogView, hand: string): Promise<Provisioned | undefined> {
  if (!handOf(view.state, hand)) return undefined
  for await (const { says } of walk(log, view, { order: 'desc', audience: 'model', types: ['log.provisioned'] }))
    if (says?.type === 'log.provisioned' && says.hand === hand) return says
  return undefined
}

function toSupply({ id, file_id, mount_path, size, sha256 }: Extract<ResourceEntry, { type: 'file' }>): Supply {
  return { resource: id, file: file_id, path: mount_path, size, sha256 }
}

function toRepository({
  id,
  url,
  mount_path,
  checkout,
}: Extract<ResourceEntry, { type: 'github_repository' }>): RecipeRepository {
  return { resource: id, url, path: mount_path, checkout }
}

/** The tool, and the first line of what its input is about. */
function nameCall({ name, input }: { readonly name: string; readonly input: unknown }): string {
  const { command, file_path, pattern } = (typeof input === 'object' && input !== null ? input : {}) as Subject
  const subject = [command, file_path, pattern].find((text) => typeof text === 'string' && text !== '')
  if (typeof subject !== 'string') return name
  const line = subject.split('\n', 1)[0] ?? ''
  const shown = line.length > NAME_LENGTH || line.length < subject.length ? `${line.slice(0, NAME_LENGTH)}…` : line
  return `${name} \`${shown}\``
}

type Subject = { readonly [Field in 'command' | 'file_path' | 'pattern']?: unknown }

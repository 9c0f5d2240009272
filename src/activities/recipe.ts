import type { ToolContext } from '../hands/hands.ts'
import type { Recipe, RecipeRepository, Supply } from '../hands/recipe.ts'
import { MAIN } from '../hands/recipe.ts'
import { LogIncomplete, LogNotFound } from '../history/session-log.ts'
import type { SessionLog } from '../history/session-log.ts'
import type { LogView } from '../history/tracked.ts'
import type { ResourceEntry } from '../session/entry.ts'
import { handOf } from '../session/state.ts'
import type { Configuration } from '../store/sessions.ts'
import { failure } from './failures.ts'

export interface RecipePorts {
  readonly log: Pick<SessionLog, 'read' | 'slice' | 'find'>
  /** The session's configuration of this id, else the one that its row names. */
  readonly configuration: (session: string, id?: string) => Promise<Configuration | null>
}

/** What the hands ask the log, which alone says what a session's sandboxes are made of. */
export interface RecipeReader {
  /** Rejects with a failure that is not retried when the log is lost. */
  readonly recipeOf: (session: string, hand: string) => Promise<Recipe>
  /** As in `ToolContext`. */
  readonly nameCalls: (session: string, ids: readonly string[]) => Promise<readonly (string | null)[]>
}

/** The same for one hand of a session, as the hands take it. */
export function reading(
  { recipeOf, nameCalls }: RecipeReader,
  session: string,
  hand: string = MAIN,
): Required<Pick<ToolContext, 'recipe' | 'nameCalls'>> {
  return { recipe: () => recipeOf(session, hand), nameCalls: (ids) => nameCalls(session, ids) }
}

const PAGE = 1000
type Behind = Parameters<SessionLog['slice']>[1]['behind']
const NAME_LENGTH = 60

export function createRecipeReader({ log, configuration }: RecipePorts): RecipeReader {
  return {
    async recipeOf(session, hand) {
      const view = await read(log, session)
      const { configuration: id, supplies = 0 } = view.state
      const configured = await configuration(session, id ?? undefined)
      const resources = await resourcesIn(log, view)
      const image = await imageOf(log, view, hand)
      const { networking, recipe } = configured ?? {}
      return {
        ...(image === undefined ? {} : { image }),
        ...(networking ? { networking } : {}),
        ...(recipe?.packages ? { packages: recipe.packages } : {}),
        ...(recipe?.runtime === undefined ? {} : { runtime: recipe.runtime }),
        files: resources.flatMap((resource) => (resource.type === 'file' ? [toSupply(resource)] : [])),
        repositories: resources.flatMap((resource) => (resource.type === 'file' ? [] : [toRepository(resource)])),
        supplies,
      }
    },

    async nameCalls(session, ids) {
      if (ids.length === 0) return []
      const view = await read(log, session)
      const found = await Promise.all(ids.map((id) => log.find(view, id)))
      return found.map((item) => (item?.says?.type === 'agent.tool_use' ? nameCall(item.says) : null))
    },
  }
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
  const found = new Map<string, ResourceEntry>()
  let behind: Behind
  while (ids.length > 0) {
    const page = await log.slice(view, {
      order: 'asc',
      limit: PAGE,
      audience: 'model',
      types: ['log.resource'],
      ...(behind ? { behind } : {}),
    })
    for (const { says } of page) if (says?.type === 'log.resource') found.set(says.resource.id, says.resource)
    if (page.length < PAGE) break
    behind = page.at(-1)?.position
  }
  return ids.map((id) => {
    const resource = found.get(id)
    if (!resource) throw failure('history_gone', `harness: the log has no resource ${id} any more`)
    return resource
  })
}

/** What the hand's newest sandbox was made of. Where it has had none nothing is read. */
async function imageOf(log: RecipePorts['log'], view: LogView, hand: string): Promise<string | undefined> {
  if (!handOf(view.state, hand)) return undefined
  let behind: Behind
  for (;;) {
    const page = await log.slice(view, {
      order: 'desc',
      limit: PAGE,
      audience: 'model',
      types: ['log.provisioned'],
      ...(behind ? { behind } : {}),
    })
    for (const { says } of page) if (says?.type === 'log.provisioned' && says.hand === hand) return says.image
    if (page.length < PAGE) return undefined
    behind = page.at(-1)?.position
  }
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

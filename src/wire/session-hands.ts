import { ApiError } from './errors.ts'
import type { EnvironmentRecipe } from './environments.ts'
import { networkingOf, recipeOf } from './environments.ts'
import type { Metadata, MetadataPatch } from './metadata.ts'
import type { Environment, Networking } from './types.ts'

/** What is kept of an environment that a session has a hand in beside its own. */
export interface HandRecipe extends Omit<EnvironmentRecipe, 'provisioning'> {
  /** Its id. */
  readonly environment: string
  readonly networking: Networking
}

/** By the names of the hands. */
export type HandRecipes = Readonly<Record<string, HandRecipe>>

/** Metadata of a session with this and a name behind it gives it a hand in the environment that it names. */
export const HAND_KEY = 'longhand.hand.'
export type HandPrefix = typeof HAND_KEY

const OURS = 'longhand.'
const MAIN = 'main'
const MOST_HANDS = 4
const NO_MEANING = `it has no meaning here; known: ${HAND_KEY}<name>`
const NAME = /^[a-z][a-z0-9]{0,15}$/

/**
 * Ids of environments by the names of the hands that a new session is to have in them beside its main one.
 * @throws ApiError 400 `invalid_metadata` for a name that no hand can have, for too many, and for a key of ours that has no
 * meaning.
 */
export function handsNamedIn(metadata: Readonly<Metadata>): ReadonlyMap<string, string> {
  const named = new Map<string, string>()
  for (const [key, value] of Object.entries(metadata)) {
    if (!key.startsWith(OURS)) continue
    if (!key.startsWith(HAND_KEY)) throw refusal(key, NO_MEANING)
    const name = key.slice(HAND_KEY.length)
    if (!NAME.test(name) || name === MAIN) {
      const form = '1 to 16 lower-case letters and digits, a letter first'
      throw refusal(key, `expected a name of ${form}, and not ${MAIN}, which every session has`)
    }
    named.set(name, value)
  }
  if (named.size > MOST_HANDS) throw refusal(`${HAND_KEY}*`, `expected at most ${MOST_HANDS}, got ${named.size}`)
  return named
}

/**
 * @param stored what the session has; what a patch leaves as it is, is no change.
 * @throws ApiError 400 `invalid_metadata` for a change of its hands, and for a key of ours that has no meaning.
 */
export function refuseOwnPatch(stored: Readonly<Metadata>, patch: MetadataPatch): void {
  const before = new Map(Object.entries(stored))
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith(OURS) || (before.get(key) ?? null) === value) continue
    if (key.startsWith(HAND_KEY)) throw refusal(key, 'the hands of a session are given when it is created, and stay')
    if (value !== null) throw refusal(key, NO_MEANING)
  }
}

interface NewSession {
  readonly metadata: Readonly<Metadata>
  /** Its own. */
  readonly environment: Environment
  /** Rejects for an environment that is not there. */
  readonly read: (id: string) => Promise<Environment>
}

/**
 * The recipe of a new session with its further hands in it; nothing where its metadata names none.
 * @param recipe what it keeps of its own environment.
 * @throws ApiError 400 for what {@link handsNamedIn} refuses, for an archived environment and for a self-hosted one.
 */
export async function configureHands(
  recipe: EnvironmentRecipe | undefined,
  { metadata, environment, read }: NewSession,
): Promise<{ readonly recipe?: EnvironmentRecipe & { readonly hands: HandRecipes } }> {
  const hands: [string, HandRecipe][] = []
  for (const [name, id] of handsNamedIn(metadata)) {
    if (environment.config.type === 'self_hosted') throw refusal(`${HAND_KEY}${name}`, notOurs(environment))
    hands.push([name, toHand(name, await read(id))])
  }
  return hands.length === 0 ? {} : { recipe: { ...recipe, hands: Object.fromEntries(hands) } }
}

/** A name may be that of anything. */
export function handRecipeOf(
  recipe: { readonly hands?: HandRecipes } | undefined,
  name: string,
): HandRecipe | undefined {
  const hands = recipe?.hands ?? {}
  return Object.hasOwn(hands, name) ? hands[name] : undefined
}

function toHand(name: string, environment: Environment): HandRecipe {
  const { id, archived_at } = environment
  if (archived_at !== null) throw refusal(`${HAND_KEY}${name}`, `${id} is archived`, 'environment_archived')
  const { networking } = networkingOf(environment)
  if (!networking) throw refusal(`${HAND_KEY}${name}`, notOurs(environment))
  const { provisioning: _, ...recipe } = recipeOf(environment).recipe ?? {}
  return { environment: id, networking, ...recipe }
}

function notOurs({ id }: Environment): string {
  return `the self-hosted environment ${id} has no sandboxes of ours`
}

function refusal(key: string, fault: string, code: 'invalid_metadata' | 'environment_archived' = 'invalid_metadata') {
  return new ApiError('invalid_request', `metadata: ${key}: ${fault}`, { code })
}

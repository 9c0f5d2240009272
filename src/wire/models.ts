import { ApiError } from './errors.ts'
import type { AgentModel } from './types.ts'

type Effort = NonNullable<AgentModel['effort']>['type']

/** What is published of a model's settings; none of a model that is not here: its back end says what it takes. */
interface Published {
  /** The model's name, or how the names of its generation begin. */
  readonly prefix: string
  /** Without any, the model has no effort. */
  readonly efforts: readonly Effort[]
  /** What it does when it is told none. */
  readonly usual: Effort
  readonly fast: boolean
}

const NONE: readonly Effort[] = []
const THREE: readonly Effort[] = ['low', 'medium', 'high']
const FOUR: readonly Effort[] = [...THREE, 'max']
const ALL: readonly Effort[] = [...THREE, 'xhigh', 'max']

/** Longer names before the shorter ones that they begin with. */
export const publishedModels: readonly Published[] = [
  model('claude-fable-5-2', ALL, { fast: true }),
  model('claude-fable-5', ALL),
  model('claude-mythos-5-2', ALL, { fast: true }),
  model('claude-mythos-5', ALL),
  model('claude-opus-5-5', ALL, { usual: 'medium', fast: true }),
  model('claude-opus-5', ALL, { fast: true }),
  model('claude-opus-4-8', ALL, { fast: true }),
  model('claude-opus-4-7', ALL),
  model('claude-opus-4-6', FOUR),
  model('claude-opus-4-5', THREE),
  model('claude-opus-4', NONE),
  model('claude-sonnet-5', ALL),
  model('claude-sonnet-4-6', FOUR),
  model('claude-sonnet-4', NONE),
  model('claude-haiku-5-5', ALL, { usual: 'medium' }),
  model('claude-haiku-4', NONE),
  model('claude-3', NONE),
]

/** Effort of agents that name none. */
export function usualEffort(id: string): Effort {
  return find(id)?.usual ?? 'high'
}

/** Whether nothing that is known speaks against the effort. */
export function takesEffort(id: string, effort: Effort): boolean {
  const known = find(id)
  return !known || effort === known.usual || known.efforts.includes(effort)
}

/**
 * Refuses settings that the model is known not to have. `high` stands for no effort where there is none.
 * @throws ApiError 400 that says what the model takes.
 */
export function checkModel({ id, effort, speed }: AgentModel): void {
  const known = find(id)
  if (!known) return
  if (effort && !takesEffort(id, effort.type)) {
    const taken =
      known.efforts.length > 0 ? `one of ${known.efforts.join(', ')}` : 'none, because the model has no effort'
    throw new ApiError('invalid_request', `model.effort: expected ${taken} for ${id}, got ${effort.type}`)
  }
  if (speed === 'fast' && !known.fast) {
    throw new ApiError('invalid_request', `model.speed: expected standard for ${id}, which has no fast mode`)
  }
}

function find(id: string): Published | undefined {
  return publishedModels.find(
    ({ prefix }) => id === prefix || id.startsWith(`${prefix}-`) || id.startsWith(`${prefix}@`),
  )
}

function model(
  prefix: string,
  efforts: readonly Effort[],
  { usual = 'high', fast = false }: Partial<Pick<Published, 'usual' | 'fast'>> = {},
): Published {
  return { prefix, efforts, usual, fast }
}

import { ApiError } from './errors.ts'
import type { Metadata, MetadataPatch } from './metadata.ts'
import type { Environment } from './types.ts'

/** Keys that begin so are ours: metadata is the only place where a client as it is can say what the wire has no field for. */
const OURS = 'longhand.'

const PROVISIONING = 'longhand.provisioning'
const WHEN = ['first', 'parallel', 'lazy'] as const
const RUNTIME = 'longhand.runtime'

/** What our keys in an environment's metadata may say. */
const ENVIRONMENT: Readonly<
  Record<string, { readonly expected: string; readonly isValid: (text: string) => boolean }>
> = {
  [PROVISIONING]: { expected: 'first, parallel or lazy', isValid: (text) => WHEN.some((word) => word === text) },
  [RUNTIME]: { expected: 'the name of a container runtime', isValid: (text) => /^\w[\w.-]{0,63}$/.test(text) },
}

/**
 * @param metadata what a request sets: what stands there already is left alone, and null deletes.
 * @throws ApiError 400 `invalid_metadata` for a key of ours that is not known, says what it cannot, or has no meaning
 * where the sandboxes are the user's own.
 */
export function refuseOwnMetadata(metadata: Metadata | MetadataPatch, type: Environment['config']['type']): void {
  for (const [key, value] of Object.entries(metadata)) {
    if (!key.startsWith(OURS) || value === null) continue
    const fault = type === 'self_hosted' ? 'a self-hosted environment has no sandboxes of ours' : faultOf(key, value)
    if (fault !== null)
      throw new ApiError('invalid_request', `metadata: ${key}: ${fault}`, { code: 'invalid_metadata' })
  }
}

function faultOf(key: string, value: string): string | null {
  const meaning = Object.hasOwn(ENVIRONMENT, key) ? ENVIRONMENT[key] : undefined
  if (!meaning)
    return `keys that begin with ${OURS} have a meaning here, this one has none; known: ${Object.keys(ENVIRONMENT).join(', ')}`
  return meaning.isValid(value) ? null : `expected ${meaning.expected}`
}

/** When the sandboxes of its sessions are made, if the environment says so. */
export function provisioningOf({ metadata }: Pick<Environment, 'metadata'>): (typeof WHEN)[number] | undefined {
  return WHEN.find((word) => word === metadata[PROVISIONING])
}

/** The container runtime of its sandboxes, if the environment names one. */
export function runtimeOf({ metadata }: Pick<Environment, 'metadata'>): string | undefined {
  const name = metadata[RUNTIME]
  return name !== undefined && faultOf(RUNTIME, name) === null ? name : undefined
}

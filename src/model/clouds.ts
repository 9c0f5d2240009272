import { APIError, APIUserAbortError } from '@anthropic-ai/sdk'
import type { BaseAnthropic } from '@anthropic-ai/sdk/client'
import type { ModelEndpoint } from './endpoint.ts'
import { CLIENT_OPTIONS, postMessages } from './endpoint.ts'
import { ModelFailure } from './model.ts'

/** Clouds that serve the models, by the SDK's sibling packages, which are installed by whoever uses them. */
export type CloudName = 'aws' | 'bedrock' | 'foundry' | 'google-cloud' | 'vertex'

/** A back end that cannot be used as it is configured; the message says what is missing. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
}

const LONGEST_REASON = 300

/** These take images and documents as base64 alone. */
const WITHOUT_URLS: ReadonlySet<string> = new Set<CloudName>(['bedrock', 'vertex'])

/** Whether a back end reads images and documents at URLs; known without asking it. */
export function takesUrls(backend: CloudName | 'anthropic'): boolean {
  return !WITHOUT_URLS.has(backend)
}

/** These have not both of the Messages API's own web tools. */
const WITHOUT_WEB: ReadonlySet<string> = new Set<CloudName>(['bedrock', 'vertex'])

/** Whether a back end searches and fetches by itself when a model asks for it; known without asking it. */
export function runsWebTools(backend: CloudName | 'anthropic'): boolean {
  return !WITHOUT_WEB.has(backend)
}

/** Whether a back end has fast mode; known without asking it. Clouds that do have it under models of their own. */
export function takesFast(backend: CloudName | 'anthropic'): boolean {
  return backend === 'anthropic'
}

/** Whether a back end's models take system messages behind the user's; known without asking it. */
export function takesSystem(backend: CloudName | 'anthropic'): boolean {
  return backend !== 'foundry'
}

type Options = typeof CLIENT_OPTIONS & { readonly baseURL?: string }

interface Cloud {
  readonly package: string
  /** Imports the package and makes its client, which reads the cloud's own variables and files for what is not given. */
  connect(options: Options): Promise<BaseAnthropic>
}

const clouds: Readonly<Record<CloudName, Cloud>> = {
  aws: {
    package: '@anthropic-ai/aws-sdk',
    connect: async (options) => new (await import('@anthropic-ai/aws-sdk')).default(options),
  },
  bedrock: {
    package: '@anthropic-ai/bedrock-sdk',
    connect: async (options) => new (await import('@anthropic-ai/bedrock-sdk')).default(options),
  },
  foundry: {
    package: '@anthropic-ai/foundry-sdk',
    connect: async (options) => new (await import('@anthropic-ai/foundry-sdk')).default(options),
  },
  'google-cloud': {
    package: '@anthropic-ai/google-cloud-sdk',
    connect: async (options) => new (await import('@anthropic-ai/google-cloud-sdk')).default(options),
  },
  vertex: {
    package: '@anthropic-ai/vertex-sdk',
    connect: async (options) => withCredentials(new (await import('@anthropic-ai/vertex-sdk')).default(options)),
  },
}

/**
 * A cloud's endpoint. Credentials, region and project are the cloud's own business: its variables and files, as its
 * package documents them. Rejects with {@link BackendError} when the package is not installed or lacks what it demands
 * at once; what it misses later is a `ModelFailure` of the request.
 */
export async function connectCloud(
  name: CloudName,
  {
    baseUrl,
    names = new Map(),
  }: { readonly baseUrl?: string | undefined; readonly names?: ReadonlyMap<string, string> },
): Promise<ModelEndpoint> {
  const client = await open(name, { ...CLIENT_OPTIONS, ...(baseUrl === undefined ? {} : { baseURL: baseUrl }) })
  return {
    // Some learn their address from their credentials, at the first request.
    host: URL.canParse(client.baseURL) ? new URL(client.baseURL).host : name,
    secret: '',
    names,
    takesUrls: takesUrls(name),
    takesFast: takesFast(name),
    post: (body, options) => postMessages(client, body, options).catch((error: unknown) => fail(name, error)),
    models: null,
  }
}

async function open(name: CloudName, options: Options): Promise<BaseAnthropic> {
  const cloud = clouds[name]
  try {
    return await cloud.connect(options)
  } catch (error) {
    const message = isMissing(error)
      ? `the back end ${name} needs the package ${cloud.package}: npm install ${cloud.package}`
      : `the back end ${name} cannot be used: ${reasonOf(error)}`
    throw new BackendError(message, { cause: error })
  }
}

/** Its constructor begins to look for credentials, and a search in vain that nobody awaits would end the process. */
async function withCredentials(client: BaseAnthropic): Promise<BaseAnthropic> {
  await Reflect.get(client, '_authClientPromise')
  return client
}

/** What is no answer and no broken connection is a search for credentials in vain; they may be there the next time. */
function fail(name: CloudName, error: unknown): never {
  if (error instanceof APIError || error instanceof APIUserAbortError) throw error
  // Every client of the session reads this: nothing of this machine's files is to be in it.
  const reason = reasonOf(error)
    .replaceAll(/(?:\/[^\s/]+){2,}/g, '[path]')
    .slice(0, LONGEST_REASON)
  const message = `the back end ${name} has no credentials: ${reason}`
  throw new ModelFailure({ kind: 'request_failed', retryable: true, message }, { cause: error })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}

import Anthropic from '@anthropic-ai/sdk'

/** Where `longhand dev` serves when nobody says otherwise. */
const DEFAULT_URL = 'http://127.0.0.1:8787'

export interface ConnectOptions {
  /** The variables that `longhand env` sets win over a running server; leave them out where a flag names the server. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the `dev` that runs on the data folder; undefined when none does. */
  readonly server: { readonly base_url: string; readonly api_key: string } | undefined
}

/**
 * An official client for the server that the environment points at, else for the running `dev`. Without either it points
 * at where `dev` would be, so that the error names it.
 */
export function connectClient({ env, server }: ConnectOptions): Anthropic {
  const named = env['ANTHROPIC_BASE_URL']
  // A token in the environment belongs to somebody else's server.
  const options = { authToken: null, maxRetries: 2 }
  if (named) return new Anthropic({ ...options, baseURL: named, apiKey: env['ANTHROPIC_API_KEY'] ?? '' })
  return new Anthropic({ ...options, baseURL: server?.base_url ?? DEFAULT_URL, apiKey: server?.api_key ?? '' })
}

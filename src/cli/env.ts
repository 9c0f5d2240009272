import { EXIT } from './exit.ts'

export interface EnvOptions {
  /** Of the running `dev`; `undefined` when none runs on the data folder. */
  readonly server:
    | { readonly base_url: string; readonly api_key: string; readonly temporal_address: string }
    | undefined
  /** Points Temporal's own clients at the server's Temporal, too. */
  readonly temporal?: boolean
  /** stdout, for `eval`. */
  readonly print: (line: string) => void
  readonly warn: (line: string) => void
}

/** Prints the shell line that points the official clients at the running server. Returns the exit code: 0, or 5. */
export function printEnvironment({ server, temporal = false, print, warn }: EnvOptions): number {
  if (server === undefined) {
    warn('no longhand dev runs on this data folder: start one with npm start, or name its folder with --data')
    return EXIT.unreachable
  }
  const settings = [
    ['ANTHROPIC_BASE_URL', server.base_url],
    ['ANTHROPIC_API_KEY', server.api_key],
    ...(temporal ? [['TEMPORAL_ADDRESS', server.temporal_address] as const] : []),
  ] as const
  print(`export ${settings.map(([name, value]) => `${name}=${quote(value)}`).join(' ')}`)
  return EXIT.done
}

// Single quotes keep everything but themselves.
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** What the installed SDK calls: every method of every resource, read out of its emitted code. */
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A method of the client, by the way to it (`beta.sessions.threads.list`), and what it asks. */
export interface SdkRoute {
  readonly name: string
  /** Verb and path, with a name in braces for every id: `GET /v1/sessions/{session_id}/threads`. */
  readonly route: string
}

/** Families of routes that are about an organization's account and people, or that this server is itself a client of. */
const LEFT_OUT = ['complete', 'messages', 'organizations', 'tunnels', 'user_profiles']

const RESOURCES = new URL('resources/', new URL('../node_modules/@anthropic-ai/sdk/', import.meta.url))
const VERBS = { get: 'GET', getAPIList: 'GET', post: 'POST', put: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const
const ANY_CALL = /_client\s*\.(?:get|getAPIList|post|put|patch|delete)\b/g
const CALL = /_client\s*\.(get|getAPIList|post|put|patch|delete)\(\s*(?:path\s*`([^`]+)`|'([^']+)')/g
const METHOD = /^ +(?:async )?(\w+)\([^\n]*\) \{$/gm
/** Results of a batch lie where the batch itself says. */
const ELSEWHERE = /messages\/batches\.mjs$/

/**
 * Every call of the SDK, in the order of their routes.
 * @throws Error when a call is written in a way that is not understood here: an update of the SDK must not lose one.
 */
export function readSdkRoutes(): readonly SdkRoute[] {
  const files = readdirSync(fileURLToPath(RESOURCES), { recursive: true, encoding: 'utf8' })
  const routes = files.filter((file) => file.endsWith('.mjs')).flatMap(readFile)
  return routes.toSorted((a, b) => compare(toKey(a.route), toKey(b.route)) || compare(b.name, a.name))
}

/** The routes of the API, each once, without the families that are left out. */
export function readApiRoutes(): readonly string[] {
  const routes = readSdkRoutes().filter((route) => !isLeftOut(route))
  return [...new Set(routes.map(({ route }) => route))]
}

export function isLeftOut({ route }: SdkRoute): boolean {
  return LEFT_OUT.includes(route.split('/')[2] ?? '')
}

function readFile(file: string): SdkRoute[] {
  const text = readFileSync(new URL(file, RESOURCES), 'utf8')
  const calls = [...text.matchAll(CALL)]
  const known = calls.length + (ELSEWHERE.test(file) ? 1 : 0)
  const all = text.match(ANY_CALL)?.length ?? 0
  if (known !== all) throw new Error(`${file} of the SDK has ${all} calls, and ${known} of them are understood`)
  const methods = [...text.matchAll(METHOD)]
  return calls.map(({ 1: verb, 2: template, 3: literal, index }) => {
    const method = methods.findLast((candidate) => candidate.index < index && isMethod(candidate[1] ?? ''))?.[1]
    if (method === undefined) throw new Error(`a call of ${file} of the SDK is in no method`)
    // True because the pattern takes these verbs alone.
    const route = `${VERBS[verb as keyof typeof VERBS]} ${toTemplate(template ?? literal ?? '')}`
    return { name: [...toAccessor(file), method].join('.'), route }
  })
}

/** Blocks look like methods to the pattern. */
function isMethod(name: string): boolean {
  return !['if', 'for', 'while', 'switch', 'catch', 'constructor', 'function'].includes(name)
}

/** `/v1/a/${agentID}` and `/v1/a/${agent_id}` are one route. */
function toTemplate(path: string): string {
  return path.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    return `{${name.replaceAll(/([a-z])([A-Z]+)/g, '$1_$2').toLowerCase()}}`
  })
}

/** `beta/agents/agents.mjs` is `beta.agents`, `beta/agents/versions.mjs` is `beta.agents.versions`. */
function toAccessor(file: string): string[] {
  const path = file.replace(/\.mjs$/, '').split('/')
  const short = path.at(-1) === path.at(-2) ? path.slice(0, -1) : path
  return short.map((name) => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()))
}

/** Paths first, so that what is about one thing stands together. */
function toKey(route: string): string {
  const [verb = '', path = ''] = route.split(' ')
  return `${path} ${Object.values(VERBS).indexOf(verb as 'GET')}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

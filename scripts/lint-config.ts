/**
 * Writes `.oxlintrc.json`: which rules hold, and who may import whom (the table of rooms below).
 * The file is generated because its patterns know no look-around, so every room has to be told what it may *not* import,
 * and because two overrides on one file replace each other's patterns, so each file must meet exactly one of them.
 */
import { writeFileSync } from 'node:fs'

/** `all`: anything of that room. `types`: by `import type` only. Else these files, and with `types` the rest's types. */
type Access = 'all' | 'types' | { readonly files: readonly string[]; readonly types: boolean }

interface Room {
  /** Other rooms of `src/` that this one may import; whatever is not named is forbidden. */
  readonly may: Readonly<Record<string, Access>>
  /** Packages it may import, Node's own included. Without it: any. */
  readonly packages?: readonly string[]
  /** Files of the room that may import further packages. */
  readonly exceptions?: Readonly<Record<string, readonly string[]>>
}

export const rooms: Readonly<Record<string, Room>> = {
  wire: {
    may: {},
    packages: ['@anthropic-ai/sdk', 'ajv'],
    exceptions: { 'mint.ts': ['node:crypto'], 'pages.ts': ['node:crypto'], 'agents.ts': ['node:util'] },
  },
  session: { may: { wire: 'types' }, packages: [] },
  history: { may: { wire: 'all', session: 'all' } },
  workflows: {
    // The workflow mints ids from its own clock and randomness: their shape is the one part of wire/ in its bundle.
    may: { wire: { files: ['ids.ts', 'clock.ts'], types: true }, session: 'all', activities: 'types' },
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  // Ports are declared by the room that needs them; whoever implements or receives one imports its type. The file of a
  // port also holds the errors it rejects with, which its caller has to recognise.
  activities: {
    may: {
      wire: 'all',
      session: 'all',
      history: 'all',
      workflows: 'types',
      hands: { files: ['hands.ts', 'recipe.ts'], types: true },
      store: { files: ['away.ts', 'buried.ts'], types: true },
      // The harness is data that a recorded id names, and the look-ups in it.
      model: { files: ['model.ts', 'harness.ts'], types: true },
    },
  },
  hands: { may: { wire: 'types' } },
  egress: { may: { wire: 'types' } },
  store: {
    may: {
      wire: 'types',
      session: 'types',
      history: 'types',
      activities: 'types',
      hands: 'types',
      model: 'types',
      api: 'types',
    },
  },
  model: { may: { wire: 'types' } },
  api: {
    may: {
      wire: 'all',
      session: 'all',
      history: 'all',
      store: 'all',
      workflows: { files: ['messages.ts'], types: false },
    },
  },
  cli: { may: {} },
  dev: { may: {} },
}

/** The composition roots. The other files directly in `src/` serve them alone: rooms import neither. */
export const roots: readonly string[] = ['index', 'worker', 'api', 'cli', 'egress']

interface Pattern {
  readonly regex: string
  readonly message: string
  readonly allowTypeImports?: true
}

function escape(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}-]/g, '\\$&')
}

/** Source of a pattern that matches every text that begins with none of `words` (no word may begin another). */
function except(words: readonly string[]): string {
  const prefixes = new Set(words.flatMap((word) => Array.from(word, (_, at) => word.slice(0, at))))
  const ways = Array.from(prefixes, (prefix) => {
    const next = words.filter((word) => word.startsWith(prefix)).map((word) => escape(word.charAt(prefix.length)))
    return `${escape(prefix)}(?:$|[^${[...new Set(next)].join('')}])`
  })
  return `(?:${ways.join('|')})`
}

const crooked: Pattern = {
  regex: '^\\./\\.|/\\./|[^./]/\\.',
  message: 'Spell the path directly: a detour hides which room is meant.',
}

/** Patterns for the files of a room that lie `depth` folders below `src/`. */
function roomPatterns(name: string, depth: number): readonly Pattern[] {
  const up = '\\.\\./'.repeat(depth)
  const may = Object.entries(rooms[name]?.may ?? {})
  const closed = Object.keys(rooms).filter((room) => room !== name && may.every(([allowed]) => allowed !== room))
  return [
    crooked,
    { regex: `^${up}\\.\\.(?:/|$)`, message: 'src/ imports nothing outside src/.' },
    { regex: `^${up}[^/]*$`, message: 'Nothing imports a root; settings and the logger arrive as arguments.' },
    { regex: `^${up}(?:${closed.join('|')})/`, message: `${name}/ may not import that room (ARCHITECTURE.md).` },
    ...may.flatMap(([room, access]) => (access === 'all' ? [] : [narrowed(name, `${up}${room}/`, access)])),
  ]
}

function narrowed(name: string, path: string, access: Exclude<Access, 'all'>): Pattern {
  if (access === 'types')
    return { regex: `^${path}`, allowTypeImports: true, message: `${name}/ may import this by \`import type\` only.` }
  const regex = `^${path}${except(access.files)}`
  const message = `${name}/ may import only ${access.files.join(', ')} of that room${access.types ? ', and types' : ''}.`
  return access.types ? { regex, allowTypeImports: true, message } : { regex, message }
}

function packagePatterns(name: string, packages: readonly string[] | undefined): readonly Pattern[] {
  if (packages === undefined) return []
  const message = `${name}/ may import no package but: ${packages.join(', ') || '(none)'}.`
  const others: Pattern = { regex: `^${except(['.', ...packages])}`, message }
  return packages.length === 0 ? [others] : [others, { regex: `^(?:${packages.map(escape).join('|')})[^/]`, message }]
}

function restricted(patterns: readonly Pattern[]): object {
  return { 'no-restricted-imports': ['error', { patterns }] }
}

function roomOverrides([name, room]: readonly [string, Room]): readonly object[] {
  const exceptions = Object.entries(room.exceptions ?? {})
  const common = packagePatterns(name, room.packages)
  return [
    {
      files: [`src/${name}/*.ts`],
      ...(exceptions.length > 0 && { excludeFiles: exceptions.map(([file]) => `src/${name}/${file}`) }),
      rules: restricted([...roomPatterns(name, 1), ...common]),
    },
    { files: [`src/${name}/*/*.ts`], rules: restricted([...roomPatterns(name, 2), ...common]) },
    ...exceptions.map(([file, packages]) => ({
      files: [`src/${name}/${file}`],
      rules: restricted([...roomPatterns(name, 1), ...packagePatterns(name, [...(room.packages ?? []), ...packages])]),
    })),
  ]
}

const switches = ['eslint-disable', 'oxlint-disable', 'ts-ignore', 'ts-nocheck', 'ts-expect-error']

const rootOverride = {
  files: ['src/*.ts'],
  rules: restricted([
    crooked,
    { regex: '^\\.\\.', message: 'src/ imports nothing outside src/.' },
    { regex: `^\\./(?:${roots.join('|')})(?:\\.|$)`, message: 'Nothing imports a root.' },
  ]),
}

const rules = {
  // A cast carries a comment that says why it is true; forbidding casts altogether would only hide them in guards.
  'typescript/no-unsafe-type-assertion': 'off',
  // The compiler checks this, and knows that a switch over a union is exhaustive.
  'typescript/consistent-return': 'off',
  // `then` is a keyword of JSON Schema.
  'unicorn/no-thenable': 'off',
  // A helper may stand beside the only thing that uses it.
  'unicorn/consistent-function-scoping': 'off',
  // `const { secret, ...rest }` leaves a field out, `await using _lock` holds something to the end of the block.
  'no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  'no-underscore-dangle': 'off',
  // Interfaces of Temporal ask for such signatures (`fromPayload<T>(payload): T`).
  'typescript/no-unnecessary-type-parameters': 'off',
  // fast-check's own manner: `fc.assert(fc.property(…))`.
  'import/no-named-as-default-member': 'off',
  'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expectTypeOf', 'fc.assert'] }],
  'import/no-cycle': ['error', { ignoreTypes: false }],
  'import/no-default-export': 'error',
  'import/consistent-type-specifier-style': ['error', 'prefer-top-level'],
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  'max-params': ['error', { max: 3 }],
  'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack', ...switches], location: 'anywhere' }],
  'typescript/consistent-type-imports': 'error',
  'typescript/no-explicit-any': 'error',
  'typescript/no-floating-promises': 'error',
  'typescript/no-misused-promises': 'error',
  'typescript/no-namespace': 'error',
  'typescript/parameter-properties': 'error',
  'unicorn/filename-case': ['error', { case: 'kebabCase' }],
}

const timers = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']
const outside = ['process', 'console', 'crypto', 'fetch', 'performance', ...timers]

/** The core is given its times and ids: it reads no clock, draws no numbers and touches nothing outside. */
const pureOverride = {
  files: ['src/session/**'],
  rules: {
    'no-restricted-properties': [
      'error',
      { object: 'Date', property: 'now', message: 'The core has no clock.' },
      { object: 'Math', property: 'random', message: 'The core draws no numbers.' },
    ],
    'no-restricted-globals': ['error', { globals: outside, checkGlobalObject: true }],
  },
}

/** The whole configuration, as `.oxlintrc.json` holds it. */
export function lintConfig(): object {
  const names = Object.keys(rooms)
  return {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
    categories: { correctness: 'error', suspicious: 'error' },
    options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
    ignorePatterns: ['dist', 'coverage', '**/*.gen.ts'],
    rules,
    overrides: [
      {
        // A describe is a list of tests, not a function to be read at one go; rows of a table and the values of a
        // property arrive as positional arguments; the methods of a fake are closures.
        files: ['test/**'],
        rules: { 'max-lines-per-function': 'off', 'max-params': 'off', 'typescript/unbound-method': 'off' },
      },
      { files: ['*.config.ts'], rules: { 'import/no-default-export': 'off' } },
      { files: names.map((name) => `src/${name}/**`), rules: { 'node/no-process-env': 'error' } },
      {
        files: names.filter((name) => name !== 'cli').map((name) => `src/${name}/**`),
        rules: { 'no-console': 'error' },
      },
      pureOverride,
      rootOverride,
      ...Object.entries(rooms).flatMap(roomOverrides),
    ],
  }
}

if (process.argv[1] === import.meta.filename)
  writeFileSync('.oxlintrc.json', `${JSON.stringify(lintConfig(), null, 2)}\n`)

import type { Plant } from './planted-violations.ts'

const RESTRICTED = 'no-restricted-imports'

/**
 * Who may import whom, as ARCHITECTURE.md says it, written apart from the table that makes the configuration:
 * `v` values and types, `t` types only (and the files named in `pathPlants`), `m` messages.ts only, `-` nothing,
 * `.` itself.
 */
const MATRIX = `
  from/to     wire session history workflows activities hands egress store model api cli dev
  wire        .    -       -       -         -          -     -      -     -     -   -   -
  session     t    .       -       -         -          -     -      -     -     -   -   -
  history     v    v       .       -         -          -     -      -     -     -   -   -
  workflows   t    v       -       .         t          -     -      -     -     -   -   -
  activities  v    v       v       t         .          t     -      t     t     -   -   -
  hands       t    -       -       -         -          .     -      -     -     -   -   -
  egress      t    -       -       -         -          -     .      -     -     -   -   -
  store       t    t       t       -         t          t     -      .     t     t   -   -
  model       t    -       -       -         -          -     -      -     .     -   -   -
  api         v    v       v       m         -          -     -      v     -     .   -   -
  cli         -    -       -       -         -          -     -      -     -     -   .   -
  dev         -    -       -       -         -          -     -      -     -     -   -   .
`
const [[, ...columns] = [], ...rows] = MATRIX.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/))

export const plantedRooms: readonly string[] = columns
export const plantedRoots: readonly string[] = ['index', 'worker', 'api', 'cli', 'egress']
const besideRoots = ['config', 'lifetime', 'log']

type Kind = 'value' | 'type'

function importing(kind: Kind, specifier: string): string {
  return kind === 'value'
    ? `import { value } from '${specifier}'\nexport const copy = value\n`
    : `import type { Shape } from '${specifier}'\nexport type Copy = Shape\n`
}

function isAllowed(cell: string, kind: Kind, file: string): boolean {
  if (cell === 'm') return file === 'messages.ts'
  return cell === 'v' || cell === '.' || (cell === 't' && kind === 'type')
}

/** Every room importing from every room, by value and by type, from its own folder and from one below it. */
export function roomPlants(room: string): readonly Plant[] {
  const cells = rows.find(([name]) => name === room)?.slice(1) ?? []
  const targets = columns.flatMap((to, at) =>
    to === room
      ? []
      : ['target.ts', 'messages.ts'].map((file) => ({ to: `${to}/${file}`, file, cell: cells[at] ?? '' })),
  )
  const roots = [...plantedRoots, ...besideRoots].map((root) => ({ to: `${root}.ts`, file: '', cell: '-' }))
  return [...targets, ...roots].flatMap(({ to, file, cell }) =>
    (['value', 'type'] as const).flatMap((kind) =>
      (['', 'inner/'] as const).map((folder) => ({
        what: `${room}/${folder} → ${to} (${kind})`,
        path: `src/${room}/${folder}${kind}-of-${to.replace('/', '-')}`,
        text: importing(kind, `../${folder && '../'}${to}`),
        rule: isAllowed(cell, kind, file) ? null : RESTRICTED,
      })),
    ),
  )
}

/** What the planted imports point at. */
export function targetPlants(): readonly Plant[] {
  const text = 'export const value = 1\nexport interface Shape {\n  readonly size: number\n}\n'
  const inRooms = columns.flatMap((room) => [`${room}/target.ts`, `${room}/messages.ts`, `${room}/inner/target.ts`])
  const files = [...inRooms, ...[...plantedRoots, ...besideRoots].map((root) => `${root}.ts`)]
  return files.map((file) => ({ what: `target ${file}`, path: `src/${file}`, text, rule: null }))
}

function imports(path: string, specifier: string, rule: string | null): Plant {
  return { what: `${path} imports ${specifier}`, path: `src/${path}`, text: importing('value', specifier), rule }
}

/** Packages, and ways round the patterns. */
export const pathPlants: readonly Plant[] = [
  imports('session/node-fs.ts', 'node:fs', RESTRICTED),
  imports('session/node-fs-promises.ts', 'node:fs/promises', RESTRICTED),
  imports('session/bare-fs.ts', 'fs', RESTRICTED),
  imports('session/inner/node-fs.ts', 'node:fs/promises', RESTRICTED),
  imports('session/temporal.ts', '@temporalio/workflow', RESTRICTED),
  imports('session/temporal-common.ts', '@temporalio/common', RESTRICTED),
  imports('session/sdk.ts', '@anthropic-ai/sdk', RESTRICTED),
  imports('workflows/node-crypto.ts', 'node:crypto', RESTRICTED),
  imports('workflows/bare-crypto.ts', 'crypto', RESTRICTED),
  imports('workflows/temporal-client.ts', '@temporalio/client', RESTRICTED),
  imports('workflows/temporal-worker.ts', '@temporalio/worker/lib/sinks.js', RESTRICTED),
  imports('workflows/ajv.ts', 'ajv', RESTRICTED),
  imports('workflows/inner/temporal-activity.ts', '@temporalio/activity', RESTRICTED),
  imports('workflows/temporal.ts', '@temporalio/workflow', null),
  imports('workflows/temporal-common.ts', '@temporalio/common', null),
  imports('workflows/inner/temporal.ts', '@temporalio/workflow', null),
  imports('workflows/ids.ts', '../wire/ids.ts', null),
  imports('workflows/clock.ts', '../wire/clock.ts', null),
  imports('workflows/mint.ts', '../wire/mint.ts', RESTRICTED),
  imports('activities/hands-port.ts', '../hands/hands.ts', null),
  imports('activities/inner/hands-port.ts', '../../hands/hands.ts', null),
  imports('activities/hands-adapter.ts', '../hands/local/local.ts', RESTRICTED),
  imports('activities/model-port.ts', '../model/model.ts', null),
  imports('activities/store-errors.ts', '../store/buried.ts', null),
  imports('activities/model-harness.ts', '../model/harness.ts', null),
  imports('activities/model-client.ts', '../model/messages-client.ts', RESTRICTED),
  imports('wire/ajv.ts', 'ajv/dist/2020.js', null),
  imports('wire/ajv-formats.ts', 'ajv-formats', RESTRICTED),
  imports('wire/sdk.ts', '@anthropic-ai/sdk/resources/beta.js', null),
  imports('wire/node-crypto.ts', 'node:crypto', RESTRICTED),
  imports('wire/mint.ts', 'node:crypto', null),
  imports('wire/pages.ts', 'node:crypto', null),
  imports('wire/agents.ts', 'node:util', null),
  imports('hands/node-fs.ts', 'node:fs/promises', null),
  imports('hands/inner/own-room.ts', '../target.ts', null),
  imports('hands/own-folder.ts', './inner/target.ts', null),
  imports('hands/detour.ts', './../session/target.ts', RESTRICTED),
  imports('hands/detour-down.ts', './inner/../../session/target.ts', RESTRICTED),
  imports('hands/detour-dot.ts', '.././session/target.ts', RESTRICTED),
  imports('hands/outside.ts', '../../test/support/target.ts', RESTRICTED),
  imports('hands/inner/outside.ts', '../../../test/support/target.ts', RESTRICTED),
  imports('server.ts', './worker.ts', RESTRICTED),
  imports('settings.ts', '../test/support/target.ts', RESTRICTED),
  imports('assembly.ts', './dev/target.ts', null),
  {
    what: 'a re-export from a forbidden room',
    path: 'src/model/re-export.ts',
    text: "export { value } from '../store/target.ts'\n",
    rule: RESTRICTED,
  },
  {
    what: 'a dynamic import from a forbidden room',
    path: 'src/model/dynamic.ts',
    text: `export function load(): Promise<unknown> {\n  return import('../store/target.ts')\n}\n`,
    rule: RESTRICTED,
  },
]

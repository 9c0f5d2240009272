import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** One file of a temporary tree; `rule` is the one it must be reported for, `null` when it must pass. */
export interface Plant {
  readonly what: string
  readonly path: string
  readonly text: string
  readonly rule: string | null
}

const ROOT = resolve(import.meta.dirname, '../..')
const [LINTER, CONFIG] = ['node_modules/.bin/oxlint', '.oxlintrc.json']
/** The lint settings, relative to the project's root. */
export const LINT_CONFIG = CONFIG

function lines(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => line(n)).join('\n')
}

function constants(count: number): string {
  return lines(count, (n) => `export const n${n} = ${n}\n\n// ${n}`)
}

function functionOf(count: number): string {
  const body = lines(count - 4, (n) => `  sum += ${n}\n\n  // ${n}`)
  return `export function long(): number {\n  let sum = 0\n${body}\n  return sum\n}`
}

/** Each file: a head `== path | what | rule, or passes`, then its text. */
const RULES = `
== src/api/floating.ts | a floating promise | no-floating-promises
async function work(): Promise<void> {
  await Promise.resolve()
}
export function start(): void {
  work()
}
== src/api/misused.ts | a promise where a void callback is due | no-misused-promises
async function work(): Promise<void> {
  await Promise.resolve()
}
export function start(list: readonly string[]): void {
  list.forEach(work)
}
== src/api/any.ts | an any | no-explicit-any
export type Loose = any
== src/api/default.ts | a default export | no-default-export
export default function start(): void {}
== src/api/namespace.ts | a namespace | no-namespace
export namespace Things {
  export const size = 1
}
== src/api/parameter.ts | a parameter property | parameter-properties
export class Box {
  constructor(readonly size: number) {}
}
== src/api/parameters.ts | a fourth parameter | max-params
export function sum(a: number, b: number, c: number, d: number): number {
  return a + b + c + d
}
== src/api/too-long.ts | a file of 301 code lines | max-lines
${constants(301)}
== src/api/long.ts | a file of 300 code lines among blanks and comments | passes
${constants(300)}
== test/api/too-long.ts | a file of 301 code lines in test | max-lines
${constants(301)}
== src/api/too-long-function.ts | a function of 61 code lines | max-lines-per-function
${functionOf(61)}
== src/api/long-function.ts | a function of 60 code lines among blanks and comments | passes
${functionOf(60)}
== src/api/cycle-a.ts | a cycle | no-cycle
import { b } from './cycle-b.ts'
export const a: number = b + 1
== src/api/cycle-b.ts | the other half of the cycle | no-cycle
import { a } from './cycle-a.ts'
export const b: number = a + 1
== src/api/type-cycle-a.ts | a cycle of types | no-cycle
import type { B } from './type-cycle-b.ts'
export type A = B | 1
== src/api/type-cycle-b.ts | the other half of the cycle of types | no-cycle
import type { A } from './type-cycle-a.ts'
export type B = readonly A[]
== src/workflows/inline.ts | an inline type import of an activity | consistent-type-specifier-style
import { type Shape } from '../activities/target.ts'
export type Copy = Shape
== src/workflows/mixed.ts | an inline type import among values | consistent-type-specifier-style
import { type Shape, value } from '../session/target.ts'
export type Copy = Shape
export const copy = value
== src/api/as-value.ts | a type imported as a value | consistent-type-imports
import { Shape } from './target.ts'
export type Copy = Shape
== src/session/in-passing.ts | a type imported in passing | consistent-type-imports
export type Copy = import('../store/target.ts').Shape
== src/api/camelCase.ts | a file name in camel case | filename-case
export const size = 1
== src/api/later.ts | a note to do something later | no-warning-comments
// todo: later
export const size = 1
== src/api/off.ts | a rule switched off | no-warning-comments
// oxlint-disable-next-line no-explicit-any
export type Loose = any
== src/api/lost-cause.ts | a cause that is not passed on | preserve-caught-error
export function start(): void {
  try {
    JSON.parse('')
  } catch (error) {
    throw new Error(String(error))
  }
}
== src/api/unused.ts | an unused variable | no-unused-vars
export function start(): void {
  const size = 1
}
== src/session/clock.ts | a clock in the core | no-restricted-properties
export function now(): number {
  return Date.now()
}
== src/session/random.ts | randomness in the core | no-restricted-properties
export function any(): number {
  return Math.random()
}
== src/session/timer.ts | a timer in the core | no-restricted-globals
export function later(run: () => void): void {
  setTimeout(run, 1)
}
== src/session/global.ts | a process behind globalThis in the core | no-restricted-globals
export const id = globalThis.process
== src/session/parsed-time.ts | a time that is handed to the core | passes
export function toMs(at: string): number {
  return Date.parse(at)
}
== src/store/environment.ts | settings read in a room | no-process-env
export const url = process.env['DATABASE_URL']
== src/store/console.ts | a console where the logger belongs | no-console
export function start(): void {
  console.log('started')
}
== src/cli/console.ts | a console in a command | passes
export function start(): void {
  console.log('started')
}
== test/api/lone.test.ts | a lone test | no-focused-tests
import { expect, test } from 'vitest'
test['only']('a', () => {
  expect(1).toBe(1)
})
== test/api/skipped.test.ts | a skipped test | no-disabled-tests
import { expect, test } from 'vitest'
test['skip']('a', () => {
  expect(1).toBe(1)
})
== test/api/nothing.test.ts | a test that expects nothing | expect-expect
import { test } from 'vitest'
test('a', () => {})
== test/api/property.test.ts | a test that asserts a property | passes
import fc from 'fast-check'
import { test } from 'vitest'
test('a', () => {
  fc.assert(fc.property(fc.nat(), (n) => n >= 0))
})
== src/api/without.ts | a field left out of the rest | passes
export function withoutSecret(from: { secret: string; name: string }): { name: string } {
  const { secret, ...rest } = from
  return rest
}
== test/api/describe.test.ts | a describe of more than 60 lines | passes
import { describe, expect, test } from 'vitest'
describe('a', () => {
${lines(20, (n) => `  test('${n}', () => {\n    expect(${n}).toBe(${n})\n  })`)}
})
`

/** The rules of the house but those about imports. */
export const rulePlants: readonly Plant[] = RULES.split('\n== ')
  .slice(1)
  .map((file) => {
    const [head = '', ...text] = file.split('\n')
    const [path = '', what = '', rule = ''] = head.split(' | ')
    return { what, path, text: `${text.join('\n').trimEnd()}\n`, rule: rule === 'passes' ? null : rule }
  })

/** What the compiler refuses in place of the linter, with its code. */
export const enumPlant: Plant & { readonly code: string } = {
  what: 'an enum',
  path: 'src/api/enum.ts',
  text: 'export enum Kind {\n  a,\n}\n',
  rule: null,
  code: 'TS1294',
}

/** A folder with the project's own lint and compiler settings and the given files; disposal removes it. */
export async function plantTree(plants: readonly Plant[]): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-planted-'))
  for (const file of [CONFIG, 'tsconfig.json', 'package.json']) await copyFile(join(ROOT, file), join(folder, file))
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const { path, text } of plants) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/** What a tool of the project prints in `folder`; a status other than 0 is an answer here, silence is a failure. */
async function output(folder: string, tool: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(join(ROOT, tool), [...args], { cwd: folder, maxBuffer: 1 << 26 })
    return stdout
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' && error.stdout !== '')
      return error.stdout
    throw error
  }
}

/** Rules (without their plugin) by reported file. */
export async function lint(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { diagnostics }: { diagnostics: readonly { filename: string; code: string }[] } = JSON.parse(
    await output(folder, LINTER, ['-f', 'json', 'src', 'test']),
  )
  const found = new Map<string, Set<string>>()
  for (const { filename, code } of diagnostics)
    found.set(filename, (found.get(filename) ?? new Set()).add(/\((.+)\)$/.exec(code)?.[1] ?? code))
  return new Map(Array.from(found, ([file, rules]) => [file, [...rules]]))
}

/** The compiler's codes for one file of `folder`. */
export async function compile(folder: string, file: string): Promise<readonly string[]> {
  await writeFile(join(folder, 'tsconfig.one.json'), JSON.stringify({ extends: './tsconfig.json', include: [file] }))
  return (await output(folder, 'node_modules/.bin/tsc', ['-p', 'tsconfig.one.json'])).match(/TS\d+/g) ?? []
}

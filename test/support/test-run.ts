import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProcessIdentity } from '../../src/dev/process-identity.ts'
import { identifyProcess, isRunning } from '../../src/dev/process-identity.ts'

/**
 * One run of tests. What it makes is told from what others on this machine make: its folder is the temporary folder of its
 * processes, its id begins the names of its installations, and what a daemon makes for it is noted.
 */
export interface TestRun {
  readonly folder: string
  readonly id: string
}

/** What a daemon has made for a run, with its name or id. */
export interface Made {
  readonly kind: 'installation' | 'container' | 'volume' | 'image'
  readonly name: string
}

const prefix = 'longhand-run-'
const ownerFile = '.owner.json'
const madeFile = '.made.jsonl'

/** Makes the folder, which belongs to this process. */
export function createRun(parent: string = tmpdir()): TestRun {
  const run = toRun(mkdtempSync(join(parent, prefix)))
  // As any temporary folder is: other accounts work in it, too.
  chmodSync(run.folder, 0o1777)
  writeFileSync(join(run.folder, ownerFile), JSON.stringify(identifyProcess(process.pid)))
  return run
}

/** That of this process, where it has one already: its folder is the temporary folder then. */
export function findOwnRun(): TestRun | null {
  const folder = tmpdir()
  return ownerOf({ folder })?.pid === process.pid ? toRun(folder) : null
}

/** Runs whose processes were killed before they could clear up. */
export function findDeadRuns(parent: string = tmpdir()): readonly TestRun[] {
  const runs = readdirSync(parent).filter((name) => name.startsWith(prefix))
  return runs
    .map((name) => toRun(join(parent, name)))
    .filter((run) => {
      const owner = ownerOf(run)
      return owner !== undefined && !isRunning(owner)
    })
}

/** Told at once, for whoever has to clear up after this process was killed. */
export function noteMade({ folder }: TestRun, made: Made): void {
  appendFileSync(join(folder, madeFile), `${JSON.stringify(made)}\n`)
}

export function readMade({ folder }: TestRun): readonly Made[] {
  const lines = (readIfThere(join(folder, madeFile)) ?? '').split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Made)
}

/** What is in its folder besides its own notes and what tsx keeps for its next start. */
export function listFolder({ folder }: TestRun): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => name !== ownerFile && name !== madeFile && !/^tsx-\d+$/.test(name))
}

function toRun(folder: string): TestRun {
  return { folder, id: folder.slice(folder.lastIndexOf('-') + 1) }
}

/** Undefined for one that has not come to say whose it is. */
function ownerOf({ folder }: Pick<TestRun, 'folder'>): ProcessIdentity | undefined {
  const owner = readIfThere(join(folder, ownerFile))
  return owner ? (JSON.parse(owner) as ProcessIdentity) : undefined
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

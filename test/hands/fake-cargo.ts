import { createHash } from 'node:crypto'
import type { Cargo, Exported, MountRequest, OutputRequest, Outputs, Staged } from '../../src/hands/cargo.ts'
import { CargoRefused, TooLarge } from '../../src/hands/cargo.ts'

const uploads = '/mnt/session/uploads/'

/** Cargo in memory. A copy of the workspace is the JSON of its files by name; what is staged is placed by a run inside. */
export class FakeCargo implements Cargo {
  readonly workspace = new Map<string, string>()
  readonly uploads = new Map<string, { readonly text: string; readonly sha256: string }>()
  readonly outputs = new Map<string, string>()
  /** What makers have unpacked, by their names. */
  readonly stages = new Map<string, ReadonlyMap<string, string>>()
  /** Paths that are not taken, as on a full disk. */
  readonly refused = new Set<string>()
  /** Holds whoever has unpacked a copy, until it resolves. */
  gate: Promise<void> | undefined
  /** Of the workspace, what no copy has, and whether all of it can be read. */
  leftOut = 0
  isWhole = true
  /** False as if there were more outputs than a list holds. */
  areAllListed = true
  /** Looks at what is mounted. */
  looks = 0

  async mount({ path, size, sha256, source }: MountRequest): Promise<void> {
    if (!path.startsWith(uploads)) throw new Error(`expected a path below ${uploads}, got ${path}`)
    if (this.uploads.get(path)?.sha256 === sha256) return
    const bytes = await this.#take(path, source)
    if (bytes.length !== size || hashOf(bytes) !== sha256) throw new CargoRefused('it is not what was announced')
    this.uploads.set(path, { text: bytes.toString(), sha256 })
  }

  async unmount(path: string): Promise<void> {
    this.uploads.delete(path)
  }

  async mounted(): Promise<readonly { path: string; sha256: string }[]> {
    this.looks += 1
    return [...this.uploads].map(([path, { sha256 }]) => ({ path, sha256 }))
  }

  async listOutputs(): Promise<Outputs> {
    const files = [...this.outputs].map(([path, text]) => ({
      path,
      size: text.length,
      changed: hashOf(Buffer.from(text)),
    }))
    return { files, areAll: this.areAllListed }
  }

  async *openOutput(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    const text = this.outputs.get(path)
    if (text === undefined) throw new CargoRefused(`${path} is not there`)
    yield Buffer.from(text)
  }

  async putOutput({ path, source }: OutputRequest): Promise<void> {
    this.outputs.set(path, (await this.#take(path, source)).toString())
  }

  exportWorkspace({ most }: { readonly most: number }): Exported {
    return {
      tar: this.#export(most),
      passed: { entries: this.workspace.size, leftOut: this.leftOut },
      isWhole: () => this.isWhole,
    }
  }

  async stage(maker: string, tar: AsyncIterable<Uint8Array>): Promise<Staged> {
    const entries = JSON.parse((await this.#take('/workspace', () => tar)).toString()) as [string, string][]
    this.stages.set(maker, new Map(entries))
    await this.gate
    return { entries: entries.length, leftOut: 0 }
  }

  async probe(): Promise<string> {
    return hashOf(Buffer.from(JSON.stringify([...this.workspace])))
  }

  place(maker: string): void {
    for (const [name, text] of this.stages.get(maker) ?? []) this.workspace.set(name, text)
    this.stages.clear()
  }

  placeOutputs(maker: string): void {
    const staged = [...this.outputs].filter(([path]) => path.includes('/.longhand-'))
    for (const [path, text] of staged) {
      this.outputs.delete(path)
      if (path.includes(`/.longhand-${maker}/`)) this.outputs.set(path.replace(`/.longhand-${maker}/`, '/'), text)
    }
  }

  async *#export(most: number): AsyncGenerator<Uint8Array, void, undefined> {
    const bytes = Buffer.from(JSON.stringify([...this.workspace]))
    if (bytes.length > most) throw new TooLarge(`expected at most ${most} bytes`)
    yield bytes
  }

  async #take(path: string, source: () => AsyncIterable<Uint8Array>): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    for await (const chunk of source()) chunks.push(chunk)
    if (this.refused.has(path)) throw new CargoRefused('the disk is full')
    return Buffer.concat(chunks)
  }
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

import { createHash } from 'node:crypto'
import type { Cargo, Output, Outputs } from './cargo.ts'
import { TooLarge } from './cargo.ts'
import type { CargoAccess } from './cargo-stream.ts'
import { giveCargo, readCargo, readWhole } from './cargo-stream.ts'
import { gateTar } from './tar-gate.ts'
import { below } from './uploads.ts'

const outputs = '/mnt/session/outputs/'
const mostOutputs = 1_000
const MiB = 1024 * 1024
/** Far above what a thousand paths come to. */
const mostListed = 16 * MiB
/** Of what an import may come to: an export is at most what its caller allows, and that was at most this. */
const mostStaged = 64 * 1024 * MiB

/** What the agent's own processes do inside, in sandboxes of every kind. */
export function createInsideCargo(access: CargoAccess): Omit<Cargo, 'mount' | 'unmount' | 'mounted'> {
  async function* read(most: number, conclude: (words: readonly string[]) => void): AsyncGenerator<Uint8Array, void> {
    let bytes = 0
    for await (const chunk of readCargo(access, ['export_workspace'], conclude)) {
      bytes += chunk.length
      if (bytes > most) throw new TooLarge(`expected at most ${most} bytes of /workspace`)
      yield chunk
    }
  }

  return {
    exportWorkspace({ most }) {
      let isWhole = false
      // The words of `tar`: 2 is what it ends with when something could not be read.
      const source = read(most, ([code]) => void (isWhole = code !== '2'))
      // It comes out a little larger where names are long.
      return { ...gateTar(source, { most: Number.POSITIVE_INFINITY }), isWhole: () => isWhole }
    },

    async listOutputs() {
      const listed = await readWhole(access, ['list_outputs'], mostListed)
      return parseOutputs(listed)
    },

    openOutput: (path) => readCargo(access, ['read_output', below(outputs, path)]),

    putOutput: ({ path, size, source }) =>
      giveCargo(access, ['put_output', below(outputs, path), size], { source, mark: '.' }),

    async stage(maker, tar) {
      if (!/^[0-9A-Za-z]{1,64}$/.test(maker)) throw new Error(`expected a maker of letters and digits, got ${maker}`)
      const gated = gateTar(tar, { most: mostStaged })
      await giveCargo(access, ['stage', maker], { source: () => gated.tar })
      const { entries, leftOut } = gated.passed
      return { entries, leftOut }
    },

    async probe() {
      const hash = createHash('sha256')
      for await (const chunk of readCargo(access, ['probe'])) hash.update(chunk)
      return hash.digest('hex')
    },
  }
}

/** "SIZE TIMES PATH" each, ended by U+0000. What is no UTF-8 could not be asked for again and is left out. */
function parseOutputs(listed: Buffer): Outputs {
  const records = listed.toString().split('\0').slice(0, -1)
  const files = records.slice(0, mostOutputs).flatMap((record): readonly Output[] => {
    const [, size, changed, path] = /^(\d+) (\S+) ([^]+)$/.exec(record) ?? []
    if (size === undefined || changed === undefined || path === undefined || path.includes('\uFFFD')) return []
    return [{ path: `${outputs}${path}`, size: Number(size), changed }]
  })
  return { files, areAll: records.length <= mostOutputs }
}

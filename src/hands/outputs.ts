import type { Ask } from './exchange.ts'
import type { KeepResult, Refusal, Sandbox } from './sandbox.ts'

/** Files that stay, so that a session with thousands of long outputs does not fill the disk. */
const mostFiles = 20

/** Outputs as files of the sandbox. They are put there from within: nothing of them passes through this process. */
export function createOutputs(ask: Ask): Pick<Sandbox, 'keep'> {
  async function keep(id: string): Promise<KeepResult> {
    const { words } = await ask({ verb: 'keep', id, rest: [mostFiles] })
    const path = `/workspace/.outputs/${id}.txt`
    switch (words[0]) {
      case 'kept':
        return { type: 'kept', path, missing: Number(words[1]) }
      case 'refused':
        // The script knows no other words.
        return { type: 'refused', path, reason: words[1] as Refusal }
      default:
        return { type: 'lost' }
    }
  }

  return { keep }
}

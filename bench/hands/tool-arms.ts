import type { Sandbox } from '../../src/hands/sandbox.ts'
import { prepareCall } from '../../src/hands/tools/prepare.ts'
import type { Arm } from '../sandbox/interleave.ts'
import { time } from '../sandbox/interleave.ts'

/** One call of each tool, of the size that an agent's calls have: a file of 1 KB, a folder of 20 files. */
const inputs: Readonly<Record<string, object>> = {
  bash: { command: 'true' },
  read: { file_path: 'read.txt' },
  write: { file_path: 'written.txt', content: 'sixteen letters\n'.repeat(64) },
  edit: { file_path: 'edited.txt', old_string: 'needle', new_string: 'needle' },
  glob: { pattern: '**/*.txt' },
  grep: { pattern: 'needle' },
}

const files = `for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do echo line > "$n.txt"; done
for f in read written edited; do { yes 'sixteen letters' | head -n 63; echo needle; } > "$f.txt"; done`

export interface ToolArms {
  /** By the tool's name, in the order of the definitions. */
  readonly warm: readonly Arm[]
  /** So many calls of bash-free work at once: `read`, which waits for nobody's turn. */
  readonly parallel: (count: number) => Arm
  /** The same command by a resident shell, and by a process of its own because its text is too long for one. */
  readonly residents: { readonly resident: Arm; readonly apart: Arm }
}

/** Behind a command: more than a resident takes. */
const padding = `\n: ${'x'.repeat(60_000)}`

/** Calls of the tools in one sandbox that lives throughout, and in which their files are. */
export async function createToolArms(kind: string, sandbox: Sandbox): Promise<ToolArms> {
  let made = 0
  async function call(name: string, input = inputs[name]): Promise<void> {
    made += 1
    const prepared = prepareCall(name, input)
    if ('problem' in prepared) throw new Error(prepared.problem)
    const id = `bench_${name}${made}`
    const { text, isError } = await prepared.run({ sandbox, id, signal: new AbortController().signal })
    if (isError) throw new Error(`expected ${name} to work, got ${text}`)
  }
  const { code } = await sandbox.run({ id: 'bench_files', command: files, timeoutMs: 30_000, capBytes: 2_048 })
  if (code !== 0) throw new Error(`expected the files to be made, got ${code}`)
  return {
    warm: Object.keys(inputs).map((name) => ({ name: `${kind}, warm: ${name}`, once: () => time(() => call(name)) })),
    parallel: (count) => ({
      name: `${kind}, warm: ${count} reads at once`,
      once: () => time(() => Promise.all(Array.from({ length: count }, () => call('read')))),
    }),
    residents: {
      resident: { name: `${kind}, warm: bash by a resident`, once: () => time(() => call('bash')) },
      apart: {
        name: `${kind}, warm: bash by a process of its own`,
        once: () => time(() => call('bash', { command: `true${padding}` })),
      },
    },
  }
}

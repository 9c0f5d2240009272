import { expect, test } from 'vitest'
import { show } from '../local-sandboxes.ts'
import type { RunRequest, Sandbox } from '../../../src/hands/sandbox.ts'
import type { SandboxProviderSetup } from './support.ts'
import { limits, run, shared, textOf } from './support.ts'

const capBytes = 20_480
const keepBytes = 102_400
/** What the runner keeps of the end beside the head. */
const tailBytes = capBytes / 4
let serial = 0

/** Bytes that differ everywhere, by a command in the sandbox. */
const generate = (bytes: number) => `seq 10000000 | head -c ${bytes}`

/** A run with an id of its own, which is answered too. */
async function say(sandbox: Sandbox, bytes: number, more: Partial<RunRequest> = {}) {
  const id = `kept_${++serial}`
  const result = await run(sandbox, generate(bytes), { id, capBytes, keepBytes, ...more })
  return { id, result, path: `/workspace/.outputs/${id}.txt` }
}

/** `same` when the command prints what is in the file. */
function compare(sandbox: Sandbox, path: string, command: string): Promise<string> {
  return textOf(sandbox, `(${command}) > /tmp/expected; cmp /tmp/expected ${path} 2>&1 && echo same`)
}

export function keeping(setup: SandboxProviderSetup): void {
  test.each([0, 1, capBytes, capBytes + 1, keepBytes, keepBytes + 1, keepBytes + tailBytes])(
    'gives a file with all of it: %i bytes',
    async (bytes) => {
      const { sandbox } = await shared(setup)
      const { id, path } = await say(sandbox, bytes)
      expect(await sandbox.keep(id)).toEqual({ type: 'kept', path, missing: 0 })
      expect(await compare(sandbox, path, generate(bytes))).toBe('same\n')
    },
  )

  test('gives both ends of a longer one, and says in the file what is missing', async () => {
    const { sandbox } = await shared(setup)
    const bytes = 40_000_000
    const { id, path, result } = await say(sandbox, bytes)
    const missing = bytes - keepBytes - tailBytes
    expect(result.truncated).toEqual({ at: capBytes - tailBytes, bytes: bytes - capBytes })
    expect(await sandbox.keep(id)).toEqual({ type: 'kept', path, missing })
    const mark = `printf '\\n[%s bytes are left out here]\\n' ${missing}`
    const pieces = `${generate(bytes)} | head -c ${keepBytes}; ${mark}; ${generate(bytes)} | tail -c ${tailBytes}`
    expect(await compare(sandbox, path, pieces)).toBe('same\n')
  })

  test('is the same file for all who ask, and changes no answer to the run', async () => {
    const { sandbox } = await shared(setup)
    const { id, path, result } = await say(sandbox, 300_000)
    const kept = await Promise.all([1, 2, 3].map(() => sandbox.keep(id)))
    const told = { type: 'kept', path, missing: 300_000 - keepBytes - tailBytes }
    expect(kept).toEqual([told, told, told])
    await textOf(sandbox, `echo mine > ${path}`)
    expect(await sandbox.keep(id)).toEqual(told)
    expect(await textOf(sandbox, `cat ${path}`)).toBe('mine\n')
    const again = await sandbox.run({ id, command: '', ...limits, capBytes: 2_048 })
    expect({ ...again, first: true }).toEqual(result)
  })

  test('gives back the room, and of a file that is gone what is left', async () => {
    const { sandbox } = await shared(setup)
    const { id, path } = await say(sandbox, 300_000)
    const size = `wc -c < /run/longhand/calls/${id}/head`
    expect(await textOf(sandbox, size)).toBe(`${keepBytes}\n`)
    await sandbox.keep(id)
    expect(await textOf(sandbox, size)).toBe(`${capBytes}\n`)
    await textOf(sandbox, `rm ${path}`)
    expect(await sandbox.keep(id)).toEqual({ type: 'kept', path, missing: 300_000 - capBytes - tailBytes })
  })

  test('leaves the newest 20 files, whatever the agent has put beside them', async () => {
    const { sandbox } = await setup.open()
    const before = Array.from({ length: 21 }, (_, age) => `before_${age}`)
    const make = `mkdir -p /run/longhand/calls/$f .outputs; echo x > .outputs/$f.txt; touch -d "$n days ago" .outputs/$f.txt`
    await textOf(sandbox, `n=0; for f in ${before.join(' ')}; do n=$((n+1)); ${make}; done`)
    await textOf(sandbox, 'for f in a.txt notes; do echo x > .outputs/$f; touch -d "1 year ago" .outputs/$f; done')
    const { id } = await say(sandbox, 10)
    await sandbox.keep(id)
    const files = (await textOf(sandbox, 'ls .outputs')).trim().split('\n')
    const kept = [id, ...before.slice(0, 19)].map((name) => `${name}.txt`)
    expect(files.toSorted()).toEqual(['a.txt', 'notes', ...kept].toSorted())
  })

  test.each([
    ['a file in the place of the folder', 'echo x > .outputs', 'denied'],
    ['a way out of the workspace', 'ln -s /etc .outputs', 'outside'],
    ['a folder in the place of the file', 'mkdir -p .outputs/output.txt', 'directory'],
    ['a folder that is closed', 'mkdir -m 500 .outputs', 'denied'],
  ])('is refused for %s, and leaves nothing', async (_, obstacle, reason) => {
    const { sandbox } = await setup.open()
    await textOf(sandbox, obstacle)
    await run(sandbox, 'echo said', { id: 'output' })
    expect(await sandbox.keep('output')).toEqual({ type: 'refused', path: '/workspace/.outputs/output.txt', reason })
    expect(await textOf(sandbox, 'find . -type f -path "*longhand*"')).toBe('')
  })

  test('knows nothing of a run that never was, of one that was given up, and of an output that was dropped', async () => {
    const { sandbox } = await shared(setup)
    await sandbox.cancel('given_up_early')
    const { id } = await say(sandbox, 10)
    await textOf(sandbox, `rm /run/longhand/calls/${id}/head`)
    for (const gone of ['never_was', 'given_up_early', id]) expect(await sandbox.keep(gone)).toEqual({ type: 'lost' })
  })

  test('does not hold what a process in the background says afterwards', async () => {
    const { sandbox } = await setup.open()
    const noise = '(until [ -e stop ]; do echo noise; done; echo stopped > after) & '
    const result = await run(sandbox, `${generate(60_000)}; ${noise}`, { id: 'noisy', capBytes, keepBytes: 10_240_000 })
    const total = result.output.length + (result.truncated?.bytes ?? 0)
    expect(await sandbox.keep('noisy')).toMatchObject({ type: 'kept' })
    expect(await textOf(sandbox, 'touch stop; until [ -s after ]; do sleep 0.05; done; cat after')).toBe('stopped\n')
    const file = '.outputs/noisy.txt'
    expect(total).toBeGreaterThan(60_000)
    expect(await textOf(sandbox, `wc -c < ${file}`)).toBe(`${total}\n`)
    expect(await textOf(sandbox, `tail -c ${tailBytes} ${file}`)).toBe(show(result.output.subarray(-tailBytes)))
  })
}

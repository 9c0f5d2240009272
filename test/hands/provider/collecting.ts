import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { CargoRefused } from '../../../src/hands/cargo.ts'
import { gather, inPieces } from '../tar-builders.ts'
import { openCargo, sharedCargo, text } from './loaded-cargo.ts'
import type { SandboxProviderSetup } from './support.ts'
import { run, textOf } from './support.ts'

const outputs = '/mnt/session/outputs'

export function collecting(setup: SandboxProviderSetup): void {
  test('tells of regular files that are not hidden, and another change after each', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    const make = `cd ${outputs}; mkdir -p sub .git; echo 1 > a; echo 22 > 'sub/-rf
"x"'; echo 3 > .hidden; echo 4 > .git/x; ln -s /etc/passwd link; ln -s /etc folder; mkfifo fifo; mknod dev c 1 3`
    await run(sandbox, make)
    const { files: before } = await cargo.listOutputs()
    expect(before.map(({ path, size }) => `${size} ${path}`).toSorted()).toEqual([
      `2 ${outputs}/a`,
      `3 ${outputs}/sub/-rf\n"x"`,
    ])
    const changeOf = async (path: string) => (await cargo.listOutputs()).files.find((one) => one.path === path)?.changed
    const seen = [await changeOf(`${outputs}/a`)]
    for (const change of ['echo 2 >> a', 'echo 33 > b; mv b a', 'cat a > b; touch -r a b; cat b > a; touch -r b a']) {
      await run(sandbox, `cd ${outputs}; ${change}`)
      seen.push(await changeOf(`${outputs}/a`))
    }
    expect(new Set(seen).size).toBe(4)
    expect(await gather(cargo.openOutput(`${outputs}/sub/-rf\n"x"`))).toEqual(text('22\n'))
  })

  test.each([
    ['a link', 'ln -s /etc/passwd x'],
    ['a pipe', 'mkfifo x'],
    ['a folder', 'mkdir x'],
    ['nothing', 'true'],
  ])('opens no %s', async (_, make) => {
    const { cargo, sandbox } = await sharedCargo(setup)
    await run(sandbox, `cd ${outputs}; rm -rf x; ${make}`)
    await expect(gather(cargo.openOutput(`${outputs}/x`))).rejects.toThrow(CargoRefused)
  })

  test('gives a large file as it is, also to a slow reader', async () => {
    const { cargo, sandbox } = await sharedCargo(setup)
    const made = await textOf(sandbox, `seq 3000000 > ${outputs}/seq; sha256sum < ${outputs}/seq`)
    const hash = createHash('sha256')
    let turn = 0
    for await (const chunk of cargo.openOutput(`${outputs}/seq`)) {
      hash.update(chunk)
      if (turn++ % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(`${hash.digest('hex')}  -\n`).toBe(made)
  })

  test('leaves nothing running for a reader that went away', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    await run(sandbox, `head -c 200M /dev/zero > ${outputs}/zero`)
    for await (const chunk of cargo.openOutput(`${outputs}/zero`)) if (chunk.length > 0) break
    await expect.poll(() => textOf(sandbox, 'ps -e -o args | grep -c "^cat ./"')).toBe('0\n')
  })

  test('puts a file back as the agent’s own, also in the place of another', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    for (const bytes of [text('old'), text('new')])
      await cargo.putOutput({ path: `${outputs}/a/b`, size: 3, source: () => inPieces(bytes) })
    expect(
      await textOf(sandbox, `cd ${outputs}; cat a/b; echo more >> a/b; cat a/b; stat -c %U a/b; find . -type f`),
    ).toBe('newnewmore\nagent\n./a/b\n')
    const cut = { path: `${outputs}/a/b`, size: 9, source: () => inPieces(text('cut')) }
    await expect(cargo.putOutput(cut)).rejects.toThrow(CargoRefused)
    expect(await textOf(sandbox, `cd ${outputs}; cat a/b; find . -type f`)).toBe('newmore\n./a/b\n')
  })

  test('tells of at most 1,000, and of whether there are more', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    async function listAfter(make: string) {
      await run(sandbox, `cd ${outputs}; ${make}`)
      const { files, areAll } = await cargo.listOutputs()
      return [files.length, areAll]
    }
    expect(await listAfter(`seq 999 | xargs touch; touch "$(printf 'no \\377 text')"`)).toEqual([999, true])
    expect(await listAfter('rm no*; touch 1000')).toEqual([1_000, true])
    expect(await listAfter('touch 1001')).toEqual([1_000, false])
    // So many that a list of all would be too long to be taken.
    const deep = `mkdir ${'d'.repeat(200)}; cd d*; seq -f '${'n'.repeat(200)}%.0f' 40000 | xargs touch`
    expect(await listAfter(deep)).toEqual([1_000, false])
  })
}

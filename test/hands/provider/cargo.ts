import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { CargoRefused, TooLarge } from '../../../src/hands/cargo.ts'
import { SandboxLost } from '../../../src/hands/sandbox.ts'
import { gather, inPieces, makeTar } from '../tar-builders.ts'
import { openCargo, sharedCargo, text } from './loaded-cargo.ts'
import type { SandboxProviderSetup } from './support.ts'
import { run, textOf } from './support.ts'

const uploads = '/mnt/session/uploads'
const MiB = 1024 * 1024

function upload(path: string, bytes: Uint8Array) {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { path: `${uploads}/${path}`, size: bytes.length, sha256, source: () => inPieces(bytes) }
}

/** A source that nobody may ask for. */
function untouched(): never {
  throw new Error('expected the source to be left alone')
}

export function mounting(setup: SandboxProviderSetup): void {
  test.each([
    ['a nested path', 'a/b c/d', text('nested')],
    ['no bytes', 'empty', text('')],
    ['bytes that are no text', 'binary', Buffer.from([0, 255, 10, 0])],
    ['hostile characters', `-rf "';$(x)\\ 🦊\u202E`, text('name')],
    ['the longest name', 'ü'.repeat(127), text('long')],
    ['50 MB', 'large', Buffer.alloc(50 * MiB, 'abcdefg')],
  ])('puts a file with %s where the agent can read it', async (_, path, bytes) => {
    const { cargo, sandbox } = await sharedCargo(setup)
    const file = upload(path, bytes)
    await cargo.mount(file)
    const seen = await textOf(sandbox, `sha256sum < "$P"; stat -c %a "$P"`.replaceAll('$P', escaped(file.path)))
    expect(seen).toBe(`${file.sha256}  -\n444\n`)
    expect(await cargo.mounted()).toContainEqual({ path: file.path, sha256: file.sha256 })
  })

  test('reads nothing for a file that is there, and puts another in its place', async () => {
    const { cargo, sandbox } = await sharedCargo(setup)
    const file = upload('same', text('one'))
    await cargo.mount(file)
    await cargo.mount({ ...file, source: untouched })
    const other = upload('same', text('two'))
    await cargo.mount(other)
    expect(await textOf(sandbox, `cat ${file.path}`)).toBe('two')
    const found = (await cargo.mounted()).filter(({ path }) => path === file.path)
    expect(found).toEqual([{ path: file.path, sha256: other.sha256 }])
  })

  test('takes away a file with the folders that are empty then, and no others', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    for (const path of ['a/b/c', 'a/d']) await cargo.mount(upload(path, text(path)))
    await cargo.unmount(`${uploads}/a/b/c`)
    await cargo.unmount(`${uploads}/a/b/c`)
    expect(await textOf(sandbox, `cd ${uploads} && find . | sort`)).toBe('.\n./a\n./a/d\n')
    await cargo.unmount(`${uploads}/a/d`)
    expect(await textOf(sandbox, `cd ${uploads} && find .`)).toBe('.\n')
    expect(await cargo.mounted()).toEqual([])
  })

  test('keeps files from the agent, whatever it tries', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    await cargo.mount(upload('sub/file', text('kept')))
    const tries = [
      'echo x > sub/file',
      'echo x >> sub/file',
      'chmod u+w sub/file',
      'chmod 777 sub',
      'mv sub other',
      'rm -rf sub',
      'touch new sub/new',
      'ln -s /etc/passwd link',
      'mv /mnt/session/uploads /mnt/session/moved',
      'rmdir /mnt/session/uploads',
      'mount -t tmpfs none /mnt/session/uploads',
    ]
    for (const attempt of tries) {
      const { code } = await run(sandbox, `cd ${uploads}; ${attempt}`)
      expect([attempt, code]).not.toEqual([attempt, 0])
    }
    await run(sandbox, 'kill -9 -1').catch(() => {})
    expect(await textOf(sandbox, `cd ${uploads}; cat sub/file; find . | sort`)).toBe('kept.\n./sub\n./sub/file\n')
  })

  test('rejects as the source does, and shows nothing of the file', async () => {
    const { cargo, sandbox } = await sharedCargo(setup)
    const bytes = Buffer.alloc(MiB)
    async function* damaged() {
      yield* inPieces(bytes)
      throw new Error('expected another hash')
    }
    for (const path of ['damaged', 'zero']) {
      const file = { ...upload(path, path === 'zero' ? text('') : bytes), source: damaged }
      await expect(cargo.mount(file)).rejects.toThrow('expected another hash')
    }
    expect(await textOf(sandbox, `ls ${uploads} | grep -E "damaged|zero"`)).toBe('')
    expect((await cargo.mounted()).filter(({ path }) => /damaged|zero/.test(path))).toEqual([])
  })

  test('refuses a file that has fewer bytes than said', async () => {
    const { cargo } = await sharedCargo(setup)
    const file = { ...upload('short', text('four')), size: 5 }
    await expect(cargo.mount(file)).rejects.toThrow(CargoRefused)
    expect((await cargo.mounted()).filter(({ path }) => path.endsWith('short'))).toEqual([])
  })

  test('whose maker is killed half-way is not to be seen, and made by the next', async () => {
    const { row, cargo, sandbox } = await openCargo(setup)
    const file = upload('half', text('whole'))
    const client = setup.startClient({ do: 'mount', row, path: file.path })
    await new Promise((resolve) => client.stdout?.once('data', resolve))
    client.kill('SIGKILL')
    expect(await textOf(sandbox, `ls ${uploads}`)).toBe('')
    await cargo.mount(file)
    expect(await textOf(sandbox, `cd ${uploads}; find . -type f; cat half`)).toBe('./half\nwhole')
  })

  test.each([
    ['below a file', 'taken/x'],
    ['in the place of a folder', 'held'],
    ['outside', '../outputs/x'],
    ['with a name that is too long', 'x'.repeat(256)],
  ])('refuses a path %s', async (_, path) => {
    const { cargo } = await sharedCargo(setup)
    for (const present of ['taken', 'held/x']) await cargo.mount(upload(present, text('there')))
    await expect(cargo.mount(upload(path, text('new')))).rejects.toThrow(CargoRefused)
  })

  test('tells of a sandbox that has ended', async () => {
    const { row, cargo } = await openCargo(setup)
    await setup.kill(row)
    await expect.poll(() => setup.provider.attach(row)).toBeNull()
    expect(await setup.provider.cargo(row)).toBeNull()
    await setup.provider.destroy(row)
    await expect(cargo.mount(upload('late', text('x')))).rejects.toThrow(SandboxLost)
    await expect(cargo.probe()).rejects.toThrow(SandboxLost)
  })
}

/** Makes what a workspace may hold, and says what it is by name, kind, mode, size and content. */
const fill = `mkdir -p a/b .git empty closed; echo one > a/b/one; head -c 5000000 /dev/urandom > big; echo ü > 'ü
x'; ln -s ../b a/up; ln -s /usr/bin/env abs; ln big hard; chmod 750 a/b/one; chmod 500 closed; echo h > .git/head
touch -d @1700000000 a/b/one; echo x > ${'n'.repeat(255)}; mkfifo fifo; mkdir locked; echo l > locked/x; chmod 0 locked`
const describeTree = `exec 2> /dev/null; find . -mindepth 1 ! -name fifo ! -path './locked*' ! -path './.longhand-*' -printf '%P %y %m %l %n\\n' | sed 's/ d [0-9]* / d /' | sort
find . -type f ! -path './locked*' -exec sha256sum {} + | sort; stat -c %Y a/b/one`

export function exporting(setup: SandboxProviderSetup): void {
  test('gives a workspace that is the same again, and says what changes in it', async () => {
    const [from, to] = [await openCargo(setup), await openCargo(setup)]
    await run(from.sandbox, fill)
    const before = await from.cargo.probe()
    const exported = from.cargo.exportWorkspace({ most: 100 * MiB })
    const tar = await gather(exported.tar)
    expect(exported.passed).toMatchObject({ entries: 13, leftOut: 1 })
    expect(exported.isWhole()).toBe(false)
    expect(await from.cargo.probe()).toBe(before)
    // The agent cannot read `locked` either.
    expect(await to.cargo.stage('m1', inPieces(tar))).toEqual({ entries: 13, leftOut: 0 })
    const wanted = await textOf(from.sandbox, describeTree)
    expect(await textOf(to.sandbox, `cd .longhand-m1; ${describeTree}`)).toBe(wanted)
    for (const change of ['touch a/b/one', 'chmod 700 a', 'mv big large', 'echo y >> .git/head', 'rm abs']) {
      const last = await from.cargo.probe()
      await run(from.sandbox, change)
      expect([change, await from.cargo.probe()]).not.toEqual([change, last])
    }
  })

  test('of more than is allowed is given up, and what made it ends', async () => {
    const { cargo, sandbox } = await sharedCargo(setup)
    await run(sandbox, 'truncate -s 10G sparse')
    await expect(gather(cargo.exportWorkspace({ most: 20 * MiB }).tar)).rejects.toThrow(TooLarge)
    await expect.poll(() => textOf(sandbox, 'ps -e -o args | grep -c "^tar"')).toBe('0\n')
    await run(sandbox, 'rm sparse')
  })

  test('is not whole when what makes it is killed', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    await run(sandbox, 'head -c 100M /dev/zero > zero')
    const read = async () => {
      for await (const chunk of cargo.exportWorkspace({ most: 200 * MiB }).tar) {
        if (chunk.length > 0) await run(sandbox, 'kill -9 $(ps -e -o pid,args | grep "[t]ar -cf" | cut -c1-7)')
      }
    }
    await expect(read()).rejects.toThrow(/tar ended with 137|no answer/)
  })

  test('leaves out what was staged, and a second stage takes the place of the first', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    await cargo.stage('m1', inPieces(await makeTar({ name: 'one', text: '1' })))
    await cargo.stage('m1', inPieces(await makeTar({ name: 'two', text: '2' })))
    expect(await textOf(sandbox, 'ls .longhand-m1')).toBe('two\n')
    const probed = await cargo.probe()
    await cargo.stage('m2', inPieces(await makeTar({ name: 'three', text: '3' })))
    expect(await cargo.probe()).toBe(probed)
    const exported = cargo.exportWorkspace({ most: MiB })
    expect((await gather(exported.tar)).toString()).not.toMatch(/longhand|two/)
    expect(exported.isWhole()).toBe(true)
  })

  test('has no stage of an hour ago any more', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    for (const maker of ['old', 'new']) await cargo.stage(maker, inPieces(await makeTar({ name: 'one', text: '1' })))
    await run(sandbox, 'mkdir .longhand-old/closed; chmod 0 .longhand-old/closed; touch -d "-61 min" .longhand-old')
    await cargo.probe()
    expect(await textOf(sandbox, 'ls -A')).toBe('.longhand-new\n')
  })

  test('that was tampered with reaches nothing outside of its stage', async () => {
    const { cargo, sandbox } = await openCargo(setup)
    const tar = await makeTar(
      { name: '../up', text: 'x' },
      { name: '/workspace/absolute', text: 'x' },
      { name: 'link', type: 'symlink', linkname: '/workspace' },
      { name: 'link/through', text: 'x' },
      { name: 'hard', type: 'link', linkname: '../../etc/passwd' },
      { name: 'fine', text: 'x' },
    )
    expect(await cargo.stage('m1', inPieces(tar))).toEqual({ entries: 2, leftOut: 4 })
    expect(await textOf(sandbox, 'find . -mindepth 1 | sort')).toBe(
      './.longhand-m1\n./.longhand-m1/fine\n./.longhand-m1/link\n',
    )
  })

  test('that breaks off is not staged', async () => {
    const { cargo } = await sharedCargo(setup)
    const tar = await makeTar({ name: 'a', text: 'x'.repeat(100_000) })
    await expect(cargo.stage('cut', inPieces(tar.subarray(0, 50_000)))).rejects.toThrow('Unexpected end')
    await expect(cargo.stage('../x', inPieces(tar))).rejects.toThrow('expected a maker')
  })
}

function escaped(path: string): string {
  return path.replaceAll(/[\\"$`]/g, '\\$&')
}

import { extract } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { TooLarge } from '../../src/hands/cargo.ts'
import { gateTar } from '../../src/hands/tar-gate.ts'
import type { TarEntry } from './tar-builders.ts'
import { gather, inPieces, makeTar, readTar } from './tar-builders.ts'

const most = 10_000_000
const file = (name: string, text = 'x'): TarEntry => ({ name, type: 'file', text })
const folder = (name: string): TarEntry => ({ name, type: 'directory' })
const symlink = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname })
const link = (name: string, linkname: string): TarEntry => ({ name, type: 'link', linkname })

async function pass(tar: Uint8Array, size?: number) {
  const gated = gateTar(inPieces(tar, size), { most })
  const bytes = await gather(gated.tar)
  return { bytes, found: await readTar(bytes), passed: { ...gated.passed } }
}

async function namesOf(...entries: readonly TarEntry[]) {
  const { found, passed } = await pass(await makeTar(...entries))
  return { names: found.map(({ name }) => name), leftOut: passed.leftOut }
}

describe('the gate of tars', () => {
  test('lets files, folders and links pass as the agent’s, with no more than their permissions', async () => {
    const { found } = await pass(
      await makeTar(
        { ...folder('./'), mode: 0o755 },
        { ...folder('./a/'), mode: 0o500, uid: 0, uname: 'root' },
        { ...file('./a/b', 'text'), mode: 0o6751, uid: 4, gid: 5 },
        symlink('./a/up', '../../etc/passwd'),
        link('./c', './a/b'),
      ),
    )
    const own = { uid: 1000, gid: 1000 }
    expect(found).toEqual([
      { name: 'a', type: 'directory', mode: 0o700, ...own },
      { name: 'a/b', type: 'file', mode: 0o751, ...own, text: 'text' },
      { name: 'a/up', type: 'symlink', mode: 0o777, ...own, linkname: '../../etc/passwd' },
      { name: 'c', type: 'link', mode: 0o644, ...own, linkname: 'a/b' },
    ])
  })

  test.each<[string, readonly TarEntry[], readonly string[], number]>([
    ['an absolute name', [file('/etc/passwd'), file('ok')], ['ok'], 1],
    ['a way up', [file('../x'), file('a/../../x'), file('a/..'), file('ok')], ['ok'], 3],
    ['a way through a link', [symlink('l', '/etc'), file('l/passwd'), file('l/a/b')], ['l'], 2],
    ['a way through a link inside', [folder('d'), symlink('d/l', '.'), file('d/l/x')], ['d', 'd/l'], 1],
    [
      'a way through a link to a link',
      [symlink('l', '/etc'), link('h', 'l'), link('i', 'h'), file('i/passwd')],
      ['l', 'h', 'i'],
      1,
    ],
    ['a file in the place of a link', [symlink('l', '/etc/passwd'), file('l')], ['l'], 1],
    ['a link to a file outside', [link('a', '/etc/passwd'), link('b', '../x')], [], 2],
    ['a link through a link', [symlink('l', '/etc'), link('a', 'l/passwd')], ['l'], 1],
    ['a link to what was left out', [file('../x'), { name: 'd', type: 'fifo' }, link('a', 'd')], [], 3],
    ['a link to nothing', [{ name: 'l', type: 'link', linkname: '' }], [], 1],
    [
      'devices and pipes',
      [
        { name: 'c', type: 'character-device', devmajor: 1, devminor: 3 },
        { name: 'b', type: 'block-device', devmajor: 8 },
        { name: 'f', type: 'fifo' },
      ],
      [],
      3,
    ],
    ['a name that is too long', [file('x'.repeat(256)), file('y'.repeat(255))], ['y'.repeat(255)], 1],
    ['a path that is too long', [file('x/'.repeat(2_100))], [], 1],
    ['a name that is no UTF-8', [file('a\uFFFDb')], [], 1],
    [
      'what a maker had staged',
      [folder('.longhand-1'), file('.longhand-1/x'), file('a/.longhand-1')],
      ['a/.longhand-1'],
      2,
    ],
  ])('leaves out %s', async (_, entries, names, leftOut) => {
    expect(await namesOf(...entries)).toEqual({ names, leftOut })
  })

  test.each([1, 511, 512, 1_000_000])('gives the same for pieces of %i bytes', async (size) => {
    const tar = await makeTar(file('a', 'x'.repeat(3_000)), file('ü'.repeat(90), 'y'), folder('d'), file('none', ''))
    const whole = await pass(tar)
    expect(await pass(tar, size)).toEqual(whole)
    expect(whole.passed).toEqual({ entries: 4, leftOut: 0, bytes: whole.bytes.length })
    expect(whole.found.map(({ name }) => name)).toEqual(['a', 'ü'.repeat(90), 'd', 'none'])
  })

  test('lets nothing pass that stands for all entries together', async () => {
    const common = patch(await makeTar(file('common', '18 path=everything\n')), 156, 'g')
    const tar = Buffer.concat([common.subarray(0, 1_024), await makeTar(file('a', 'text'), file('b'))])
    const { bytes, found } = await pass(tar)
    expect(found.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(bytes.toString('latin1', 156, 157)).toBe('0')
  })

  test.each<[string, number, string | undefined, number, string | undefined]>([
    ['of these days', 1_700_000_000, undefined, 1_700_000_000, undefined],
    ['far ahead', 2_208_988_800, undefined, 2 ** 31 - 1, '2208988800'],
    ['in a record of its own', 1_700_000_000, '1700000000.123456789', 1_700_000_000, '1700000000.123456789'],
    ['before all others', 0, '-315619200.5', 0, '-315619200.5'],
    ['that is none', 1_700_000_000, '1e99', 1_700_000_000, undefined],
  ])('keeps a date %s, however often it passes', async (_, seconds, record, near, exact) => {
    const pax = record === undefined ? {} : { pax: { mtime: record } }
    const tar = await makeTar({ ...file('a'), ...pax })
    const entry = record === undefined ? 0 : 1_024
    const once = await pass(patch(tar, 136, `${seconds.toString(8).padStart(11, '0')} `, entry))
    const { bytes } = await pass(once.bytes)
    expect(await datesIn(bytes)).toEqual([[near, exact]])
  })

  test('takes no more than is allowed', async () => {
    const tar = await makeTar(file('a', 'x'.repeat(100_000)))
    const read = (limit: number) => gather(gateTar(inPieces(tar), { most: limit }).tar)
    await expect(read(tar.length - 1)).rejects.toThrow(TooLarge)
    expect((await read(tar.length)).length).toBe(tar.length)
  })

  test.each<[string, (tar: Buffer) => Uint8Array]>([
    ['breaks off in a file', (tar) => tar.subarray(0, 1_500)],
    ['breaks off in a header', (tar) => tar.subarray(0, 300)],
    ['is something else', () => Buffer.alloc(2_000, 'text')],
    ['has a header that was changed', (tar) => Buffer.concat([Buffer.from('y'), tar.subarray(1)])],
  ])('rejects what %s', async (_, change) => {
    const tar = await makeTar(file('a', 'x'.repeat(3_000)))
    await expect(pass(change(tar))).rejects.toThrow(/Unexpected end|Invalid tar/)
  })

  test('rejects as its source does', async () => {
    const tar = await makeTar(file('a', 'x'.repeat(3_000)))
    async function* broken() {
      yield tar.subarray(0, 2_000)
      throw new Error('the store is away')
    }
    await expect(gather(gateTar(broken(), { most }).tar)).rejects.toThrow('the store is away')
  })

  test('lets go of its source when nobody reads on', async () => {
    const tar = await makeTar(file('a', 'x'.repeat(1_000_000)))
    let isReleased = false
    async function* source() {
      try {
        yield* inPieces(tar, 1_000)
      } finally {
        isReleased = true
      }
    }
    for await (const chunk of gateTar(source(), { most }).tar) if (chunk.length > 0) break
    await expect.poll(() => isReleased).toBe(true)
  })

  test('passes an empty one', async () => {
    expect(await pass(await makeTar())).toMatchObject({ found: [], passed: { entries: 0, leftOut: 0 } })
  })
})

async function datesIn(tar: Buffer) {
  const input = extract()
  input.end(tar)
  const found = []
  for await (const entry of input) {
    entry.resume()
    found.push([entry.header.mtime.getTime() / 1000, (entry.header.pax as { mtime?: string } | null)?.mtime])
  }
  return found
}

/** The same with other text in the header that begins at `header`. */
function patch(tar: Buffer, at: number, text: string, header = 0): Buffer {
  const changed = Buffer.from(tar)
  const block = changed.subarray(header, header + 512)
  block.write(text, at)
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return changed
}

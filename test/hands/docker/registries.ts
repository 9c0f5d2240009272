import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import type { World } from '../../egress/test-proxy.ts'
import { serve } from '../../egress/test-proxy.ts'

/** Registries of the tests' own, under the names of the public ones, each with the one package `longhand-hello`. */
export interface Registries extends AsyncDisposable {
  /** By `host:port`, the port on loopback. */
  readonly world: Readonly<Record<string, number>>
  /** What was asked for, as `host/path`, in order. */
  readonly asked: readonly string[]
  /** Awaited before each answer. */
  pace: () => Promise<void>
}

const name = 'longhand-hello'
const script = (manager: string) => `#!/bin/sh\necho hello from ${manager}\n`
type Files = Readonly<Record<string, string | Buffer>>

export async function startRegistries(): Promise<Registries> {
  const asked: string[] = []
  const sites: Readonly<Record<string, Files>> = {
    'deb.debian.org:80': await aptFiles(),
    'registry.npmjs.org:443': await npmFiles(),
    'pypi.org:443': pypiFiles(),
    'files.pythonhosted.org:443': { [wheelPath]: wheel() },
  }
  const worlds: World[] = []
  const world: Record<string, number> = {}
  const registries: Registries = {
    world,
    asked,
    pace: async () => {},
    async [Symbol.asyncDispose]() {
      for (const { server } of worlds) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
  for (const [site, files] of Object.entries(sites)) {
    const [host = '', port] = site.split(':')
    const give = async ({ url = '' }: IncomingMessage, answer: ServerResponse) => {
      asked.push(`${host}${url}`)
      await registries.pace()
      const file = files[decodeURIComponent(url).replace(/\?.*/, '')]
      const type = typeof file === 'string' && file.startsWith('{') ? 'application/json' : 'text/html'
      if (file === undefined) answer.writeHead(404).end('no such thing')
      else answer.writeHead(200, typeof file === 'string' ? { 'content-type': type } : {}).end(file)
    }
    const served = await serve((...exchange) => void give(...exchange), port === '443' ? host : undefined)
    worlds.push(served)
    world[site] = served.port
  }
  return registries
}

/** A flat repository; the image of the tests trusts it: `deb [trusted=yes] http://deb.debian.org/hello ./`. */
async function aptFiles(): Promise<Files> {
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: says hello\n`
  const deb = ar({
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar.gz': await tarball({ './control': [control, 0o644] }),
    'data.tar.gz': await tarball({ './usr/bin/hello-apt': [script('apt'), 0o755] }),
  })
  const file = `${name}_1.0_all.deb`
  const sha256 = createHash('sha256').update(deb).digest('hex')
  const index = `${control}Filename: ./${file}\nSize: ${deb.length}\nSHA256: ${sha256}\n`
  return { '/hello/Packages.gz': gzipSync(index), [`/hello/${file}`]: deb }
}

async function npmFiles(): Promise<Files> {
  const manifest = { name, version: '1.0.0', bin: { 'hello-npm': 'hello.sh' } }
  const tar = await tarball({
    'package/package.json': [JSON.stringify(manifest), 0o644],
    'package/hello.sh': [script('npm'), 0o755],
  })
  const dist = {
    tarball: `https://registry.npmjs.org/${name}/-/${name}-1.0.0.tgz`,
    integrity: `sha512-${createHash('sha512').update(tar).digest('base64')}`,
  }
  const document = { name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': { ...manifest, dist } } }
  return { [`/${name}`]: JSON.stringify(document), [`/${name}/-/${name}-1.0.0.tgz`]: tar }
}

const wheelPath = '/packages/longhand_hello-1.0-py3-none-any.whl'

function pypiFiles(): Files {
  const sha256 = createHash('sha256').update(wheel()).digest('hex')
  const link = `https://files.pythonhosted.org${wheelPath}#sha256=${sha256}`
  return {
    [`/simple/${name}/`]: `<!DOCTYPE html><html><body><a href="${link}">${wheelPath.slice(10)}</a></body></html>`,
  }
}

function wheel(): Buffer {
  const folder = 'longhand_hello-1.0.dist-info'
  return zip({
    'longhand_hello.py': 'def main():\n    print("hello from pip")\n',
    [`${folder}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`,
    [`${folder}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${folder}/entry_points.txt`]: '[console_scripts]\nhello-pip = longhand_hello:main\n',
    [`${folder}/RECORD`]: '',
  })
}

async function tarball(files: Readonly<Record<string, readonly [text: string, mode: number]>>): Promise<Buffer> {
  const archive = pack()
  for (const [path, [text, mode]] of Object.entries(files)) archive.entry({ name: path, mode }, text)
  archive.finalize()
  return gzipSync(await buffer(archive))
}

/** The format of Debian's packages around their parts. */
function ar(files: Readonly<Record<string, Buffer>>): Buffer {
  const parts = Object.entries(files).flatMap(([path, bytes]) => {
    const fields = [path.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)]
    const head = `${fields.join('')}${String(bytes.length).padEnd(10)}\`\n`
    return [Buffer.from(head), bytes, Buffer.alloc(bytes.length % 2, '\n')]
  })
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}

/** An archive as wheels are; dates are left out. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const [path, text] of Object.entries(files)) {
    const deflated = deflateRawSync(text)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(8, 4)
    common.writeUInt16LE(0x21, 8)
    common.writeUInt32LE(crc32(text), 10)
    common.writeUInt32LE(deflated.length, 14)
    common.writeUInt32LE(Buffer.byteLength(text), 18)
    common.writeUInt16LE(Buffer.byteLength(path), 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(path), deflated])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    centrals.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\0'), common, rest, Buffer.from(path)]))
    locals.push(local)
    offset += local.length
  }
  const central = Buffer.concat(centrals)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(centrals.length, 4)
  end.writeUInt16LE(centrals.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...locals, central, Buffer.from('PK\u0005\u0006'), end])
}

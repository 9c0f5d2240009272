import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import Docker from 'dockerode'
import { pack } from 'tar-stream'
import { hasDocker } from '../../support/docker.ts'

/** The full sandbox image with other packages than its own, under another name. */
export interface FullImage {
  readonly name: string
  readonly packages: readonly string[]
}

/** With some of its packages `setup` makes it once: a minute, and 450 MB that stay. */
const full: FullImage = {
  name: 'longhand-test-full:1',
  packages: 'bash ca-certificates coreutils findutils grep npm perl-base procps python3-pip util-linux'.split(' '),
}
/** On that, managers that only say what they were asked, and Debian's registry where the tests' own is. */
export const PACKAGE_BASE = 'longhand-test-packages:1'
const dockerfile = `FROM ${full.name}
USER root
RUN rm -rf /etc/apt/sources.list* \\
 && echo 'deb [trusted=yes] http://deb.debian.org/hello ./' > /etc/apt/sources.list \\
 && for name in cargo gem go; do \\
      printf '#!/bin/sh\\necho "$(basename $0)" "$@" >> /usr/local/share/installed\\n' > /usr/local/bin/$name; \\
      chmod 755 /usr/local/bin/$name; \\
    done
USER agent
`

const root = join(import.meta.dirname, '../../..')
const stepFor = (image: FullImage) => `
  import { prepareDocker } from '${root}/scripts/setup/docker.mjs'
  import { createReporter } from '${root}/scripts/setup/report.mjs'
  const report = createReporter({ quiet: true, stream: process.stderr })
  const image = ${JSON.stringify(image)}
  const outcome = await prepareDocker({ root: '${root}', cache: process.env.CACHE, env: process.env, report, image })
  process.stdout.write(JSON.stringify(outcome))
  process.exit()`

/** Whether there is {@link PACKAGE_BASE}, made now where need be. Where not, says why on the console; in CI as root, rejects. */
export async function hasPackageBase(): Promise<boolean> {
  if (!(await hasDocker())) return false
  const reason = await prepareFull(full)
  if (reason === null) {
    await buildOnFull()
    return true
  }
  if (process.env['CI'] && process.getuid?.() === 0) throw new Error(`CI as root has to provide an image: ${reason}`)
  console.log(`the tests of packages are skipped: ${reason}`)
  return false
}

/** Sees to such an image, made now where need be; answers what kept it from that. */
export async function prepareFull(image: FullImage): Promise<string | null> {
  const cache = await mkdtemp(join(tmpdir(), 'longhand-cache-'))
  const env = { ...process.env, CACHE: cache }
  const child = spawn(process.execPath, ['--input-type=module', '--eval', stepFor(image)], { env, cwd: root })
  let [out, err] = ['', '']
  child.stdout.on('data', (part) => (out += String(part)))
  child.stderr.on('data', (part) => (err += String(part)))
  await once(child, 'close')
  await rm(cache, { recursive: true, force: true })
  const { ok = false, reason = err } = JSON.parse(out || '{}') as { ok?: boolean; reason?: string }
  return ok ? null : reason
}

async function buildOnFull(): Promise<void> {
  const docker = new Docker()
  const context = pack()
  context.entry({ name: 'Dockerfile' }, dockerfile)
  context.finalize()
  const stream = await docker.buildImage(Readable.from([await buffer(context)]), {
    t: PACKAGE_BASE,
    networkmode: 'none',
  })
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()))
  })
}

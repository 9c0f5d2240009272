import { access } from 'node:fs/promises'
import { prepareDocker } from './docker.mjs'
import { SetupError } from './report.mjs'
import { run, which } from './run.mjs'

/**
 * Finds what sandboxes can be made of: Docker with the image, and bubblewrap, which is installed as root on Debian and
 * its kin. One of them is enough, unless the environment asks for Docker.
 */
export async function prepareSandbox(context) {
  const { env, report } = context
  const docker = await prepareDocker(context)
  if (!docker.ok && env.LONGHAND_SANDBOX === 'docker') {
    throw new SetupError(
      'sandbox',
      `no Docker sandboxes: ${docker.reason}`,
      'Mend that, or set LONGHAND_SANDBOX=local.',
    )
  }
  if (!docker.ok && docker.isThere) report.start('sandbox', `${docker.reason}: auto takes bubblewrap`)
  if (context.image === 'full') await prepareFullImage(context)
  try {
    await prepareBubblewrap(context)
  } catch (error) {
    if (!docker.ok || !(error instanceof SetupError)) throw error
    report.done('sandbox', `${error.message}: there are Docker sandboxes alone`)
    return 'sandbox: Docker'
  }
  return docker.ok ? 'sandbox: Docker, bubblewrap' : 'sandbox: bubblewrap'
}

async function prepareFullImage(context) {
  const { ok, reason } = await prepareDocker({ ...context, image: 'full' })
  if (ok) return
  throw new SetupError('sandbox', `no full image: ${reason}`, 'Mend that, or leave out --image full.')
}

async function prepareBubblewrap({ env, install, report }) {
  if (process.platform !== 'linux') {
    throw new SetupError(
      'sandbox',
      `the local sandbox needs Linux, this is ${process.platform}`,
      'Start Docker, or start this in a Linux machine or virtual machine.',
    )
  }
  if ((await which('bwrap', env)) === undefined) await installBubblewrap({ env, install, report })
  for (const tool of ['nsenter', 'prlimit']) {
    if ((await which(tool, env)) === undefined) {
      throw new SetupError('sandbox', `${tool} is missing`, 'Install the package util-linux.')
    }
  }
  await tryBubblewrap(env)
  report.done('sandbox', 'bubblewrap ✓')
}

async function installBubblewrap({ env, install, report }) {
  const root = process.getuid() === 0
  const apt = (await exists('/etc/debian_version')) && (await which('apt-get', env)) !== undefined
  if (!root || !apt || !install) {
    const command = apt ? `${root ? '' : 'sudo '}apt-get install bubblewrap` : 'Install the package bubblewrap.'
    throw new SetupError('sandbox', 'bubblewrap (bwrap) is missing', command)
  }
  report.start('sandbox', 'installing bubblewrap: apt-get install bubblewrap (--no-install leaves it out)')
  const aptEnv = { ...env, DEBIAN_FRONTEND: 'noninteractive' }
  const args = ['install', '--yes', '--no-install-recommends', 'bubblewrap']
  let outcome = await run('apt-get', args, { env: aptEnv })
  if (outcome.code !== 0) {
    await run('apt-get', ['update'], { env: aptEnv })
    outcome = await run('apt-get', args, { env: aptEnv })
  }
  if (outcome.code !== 0) {
    const reason = outcome.output.split('\n').at(-1)
    throw new SetupError('sandbox', `apt-get failed: ${reason}`, 'Install the package bubblewrap, then start again.')
  }
  report.start('sandbox', 'bubblewrap installed ✓')
}

// The namespaces the local sandbox uses: a `bwrap` that cannot make them is of no use to it.
async function tryBubblewrap(env) {
  const namespaces = ['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts']
  const view = ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev']
  const { code, output } = await run('bwrap', [...namespaces, ...view, 'true'], { env })
  if (code === 0) return
  throw new SetupError(
    'sandbox',
    `bubblewrap cannot make a sandbox: ${output}`,
    'User namespaces are closed: allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, ' +
      'kernel.apparmor_restrict_unprivileged_userns; in a container its security profile).',
  )
}

async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  )
}

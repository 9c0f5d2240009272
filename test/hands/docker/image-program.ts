import { defaultLimits } from '../../../src/hands/docker/container-spec.ts'
import { createEngine } from '../../../src/hands/docker/dockerode.ts'
import { createImages } from '../../../src/hands/docker/images.ts'
import type { CloudConfig } from '../../../src/wire/types.ts'
import { silentLog } from '../../support/silent-log.ts'
import { PACKAGE_BASE } from './package-base.ts'

/** Another process that wants an image, with a door that is open already; prints the image's id. */
const [installation = '', folder = '', packages = ''] = process.argv.slice(2)
const images = createImages({
  engine: createEngine(),
  base: PACKAGE_BASE,
  installation,
  limits: defaultLimits,
  doors: { open: async () => folder, close: async () => {}, names: async () => [] },
  log: silentLog,
})
console.log(await images.ensure({ packages: JSON.parse(packages) as CloudConfig['packages'] }))

import { findRunningPostgres } from '../../src/dev/running-postgres.ts'
import type { Yard } from '../chaos/yard.ts'
import { testCodecKey } from '../support/codecs.ts'

/** What a worker of the hands is told that serves a yard from this data folder, the yard's own or another one. */
export async function handsEnvironment(yard: Yard, data: string): Promise<NodeJS.ProcessEnv> {
  const codecKey = testCodecKey()
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    DOCKER_HOST: process.env['DOCKER_HOST'],
    DATABASE_URL: await findRunningPostgres(yard.data),
    TEMPORAL_ADDRESS: yard.temporalAddress,
    TEMPORAL_NAMESPACE: 'default',
    LONGHAND_DATA: data,
    ...(codecKey && { LONGHAND_CODEC_KEY: Buffer.from(codecKey).toString('base64') }),
    LONGHAND_ROLES: 'hands',
  }
}

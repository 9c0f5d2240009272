import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findTemporalBinary, temporalArguments } from '../../src/dev/temporal.ts'
import { temporaryFolder } from '../support/programs.ts'

describe('the Temporal dev server', () => {
  test('is started with the flags that make a step quick and keep what it acknowledged', () => {
    expect(temporalArguments({ database: '/data/temporal.db', port: 1, uiPort: 2 }).join(' ').split(' --')).toEqual([
      'server start-dev',
      'log-level error',
      'ip 127.0.0.1',
      'port 1',
      'ui-port 2',
      'db-filename /data/temporal.db',
      'sqlite-pragma journal_mode=wal',
      'sqlite-pragma synchronous=full',
      'dynamic-config-value history.transferProcessorMaxPollRPS=2000',
      'dynamic-config-value history.timerProcessorMaxPollRPS=2000',
      'dynamic-config-value history.timerProcessorMaxTimeShift="50ms"',
      'dynamic-config-value history.visibilityProcessorMaxPollRPS=200',
      'dynamic-config-value system.enableActivityEagerExecution=true',
      'dynamic-config-value matching.numTaskqueueReadPartitions=1',
      'dynamic-config-value matching.numTaskqueueWritePartitions=1',
      'dynamic-config-value frontend.namespaceCount=10000',
      'dynamic-config-value system.enableCancelActivityWorkerCommand=true',
      'dynamic-config-value frontend.WorkerCommandsEnabled=true',
      'dynamic-config-value limit.memoSize.warn=65536',
    ])
  })

  test('is the binary that setup has remembered', async () => {
    const cache = await temporaryFolder()
    await writeFile(join(cache, 'temporal.json'), JSON.stringify({ path: '/somewhere/temporal', source: 'build' }))
    expect(await findTemporalBinary(cache)).toBe('/somewhere/temporal')
  })

  test('that was never set up is told with the remedy', async () => {
    await expect(findTemporalBinary(await temporaryFolder())).rejects.toMatchObject({
      message: 'no Temporal dev server has been set up',
      remedy: 'Run longhand setup (node scripts/setup.mjs), or set TEMPORAL_ADDRESS to a cluster of yours.',
      exitCode: 5,
    })
  })
})

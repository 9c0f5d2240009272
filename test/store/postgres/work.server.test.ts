import { describe, expect, test } from 'vitest'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { createNotifier } from '../../../src/store/postgres/notify.ts'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { workChannel } from '../../../src/store/postgres/work-claim.ts'
import { createWorkQueue } from '../../../src/store/postgres/work.ts'
import { workFiguresSuite } from '../../suites/work-figures.ts'
import { workItemSuite } from '../../suites/work-items.ts'
import type { OpenWork } from '../../suites/work-place.ts'
import { invite, newPlace, newSession } from '../../suites/work-place.ts'
import { workQueueSuite } from '../../suites/work-queue.ts'
import { workRaceSuite } from '../../suites/work-races.ts'
import { newDatabase, openPool, useDatabase } from '../use-postgres.ts'
import { silentLog } from '../../support/silent-log.ts'

const openDatabase = useDatabase()

const open: OpenWork = async (ahead) => {
  const database = await openDatabase()
  return { ...createStores(database), work: createWorkQueue(database, ahead === undefined ? {} : { ahead }) }
}

describe('an invitation in PostgreSQL', () => {
  test('is told to every process that asked, by its environment, and only when it is new', async () => {
    const url = await newDatabase()
    const database = await openPool(url)
    await migrate(database)
    const stores = createStores(database)
    await using notifier = await createNotifier(url, silentLog)
    const told: string[] = []
    await notifier.subscribe(workChannel, (environment) => told.push(environment))
    const place = await newPlace(stores)
    const session = await newSession(stores, place)
    for (let time = 0; time < 2; time++) await invite(stores, session)
    await notifier.publish(workChannel, 'last')
    await expect.poll(() => told).toEqual([place.environmentId, 'last'])
  })
})

workQueueSuite(open)
workFiguresSuite(open)
workItemSuite(open)
workRaceSuite(open)

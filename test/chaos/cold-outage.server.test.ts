import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { describe, expect, test } from 'vitest'
import { EVENTS_SIGNAL } from '../../src/session/names.ts'
import { useYard } from './use-yard.ts'
import { until } from './yard.ts'

const LIMIT_MS = 120_000
/** Longer than all the tries of an activity that fails each time take together. */
const OUTAGE_MS = 12_000

const yard = useYard()

describe('a session that its worker has never seen', () => {
  test(
    'begins its turn when the database comes back, at the first try and without an error',
    {
      timeout: LIMIT_MS,
    },
    async () => {
      const session = await yard().createSession()
      const connection = await Connection.connect({ address: yard().temporalAddress })
      try {
        const handle = new Client({ connection }).workflow.getHandle(session)
        await yard().without('postgres', async () => {
          const content = [{ type: 'text', text: '#program\nSAY at last' }]
          await handle.signal(EVENTS_SIGNAL, { events: [{ type: 'user.message', content }] })
          await until(async () => (await handle.describe()).raw.pendingActivities?.[0] !== undefined)
          await delay(OUTAGE_MS)
          const { raw } = await handle.describe()
          expect(raw.pendingActivities).toMatchObject([{ activityType: { name: 'callModel' }, attempt: 1 }])
        })
        const events = async () => yard().list(session)
        await until(async () => (await events()).some(({ type }) => type === 'session.status_idle'))
        const shown = await events()
        expect(shown.filter(({ type }) => type === 'session.error')).toEqual([])
        expect(JSON.stringify(shown)).toContain('at last')
      } finally {
        await connection.close()
      }
    },
  )
})

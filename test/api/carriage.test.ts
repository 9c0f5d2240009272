import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packEvents } from '../../src/api/admission.ts'
import type { ApiContext } from '../../src/api/context.ts'
import type { Caller } from '../../src/api/context.ts'
import { referToFiles } from '../../src/api/file-sources.ts'
import { parseArrivals } from '../../src/session/arrival.ts'
import { check } from '../../src/session/check.ts'
import { ApiError } from '../../src/wire/errors.ts'
import { applyLimits } from '../../src/wire/limits.ts'
import { DEFINITIONS } from '../../src/wire/requests.ts'
import { WIRE_SCHEMA } from '../../src/wire/schema.ts'
import type { UserEvent } from '../../src/wire/types.ts'
import { unsupportedInEvents } from '../../src/wire/unsupported.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { png } from '../support/media.ts'
import { createMemoryFiles } from '../support/memory-files.ts'
import { schemaArbitrary } from '../support/schema-arbitrary.ts'
import type { Asked } from '../support/session-builders.ts'
import { emptyState, startedWith } from '../support/session-builders.ts'

const validator = createValidator()

const CALL = 'c'.repeat(128)
const CALLS: readonly Asked[] = [
  ['running', 'allow'],
  ['asked', 'ask'],
  [CALL, 'custom'],
]
/**
 * The first takes messages, interrupts, and answers to the calls that the requests below name; the second one, whose calls
 * run on the user's machines, takes their results too.
 */
const states = [startedWith(CALLS).state, startedWith(CALLS, {}, emptyState({ selfHosted: true })).state]

const CONTENTS = new Map([
  ['image/png', png()],
  ['application/pdf', Buffer.from('%PDF-1.7 a page')],
  ['text/plain', Buffer.from('notes')],
])
const CALLER: Caller = { type: 'key', workspaceId: 'default', keyId: 'key_1' }

/** A file of each type, which its id names. */
function createFiles(): Pick<ApiContext, 'files' | 'withFile'> {
  const files = createMemoryFiles()
  for (const [id, { length: size }] of CONTENTS) {
    const about = { filename: 'a', downloadable: false, scopeId: null, createdAt: new Date(0), expiresAt: null }
    files.rows.set(id, {
      ...about,
      id,
      mimeType: id,
      size,
      workspaceId: 'default',
      sha256: 'ab'.repeat(32),
      content: id,
    })
  }
  return { files, withFile: async (file, use) => use(CONTENTS.get(file.id) ?? Buffer.of()) }
}

const requests = schemaArbitrary(applyLimits(WIRE_SCHEMA), DEFINITIONS['events.send'], {
  formats: {
    'https-url': ['https://example.com/a.png', 'HTTPS://example.com/b', `https://example.com/${'語'.repeat(2_000)}`],
    base64: [png(), Buffer.from('%PDF-1.7 a page'), png(2, 2, 70_000)].map((bytes) => bytes.toString('base64')),
  },
  names: {
    tool_use_id: ['asked', 'running'],
    custom_tool_use_id: [CALL],
    file_id: [...CONTENTS.keys()],
    media_type: ['image/png', 'application/pdf'],
  },
})

type Fate = 'carried' | 'refused by its shape' | 'refused by the session' | 'refused on the way'

/** What becomes of a request: the steps of the API, and then what the session's workflow says to what is signalled. */
async function send(body: unknown): Promise<{ readonly fate: Fate; readonly fault?: string }> {
  let events: readonly UserEvent[]
  try {
    events = validator.parseBody('events.send', body).events
  } catch (error) {
    if (error instanceof ApiError) return { fate: 'refused by its shape' }
    throw error
  }
  const isTaken = states.some((state) => events.every((event) => check(state, event) === null))
  if (unsupportedInEvents(events).length > 0 || !isTaken) return { fate: 'refused by the session' }
  try {
    const { kept } = await referToFiles(createFiles(), CALLER, { parcel: packEvents(events), field: 'events' })
    const signal = {
      events: kept.elements.map((event, index) => ({ ...event, id: `sevt_${index}` })),
      ...(kept.blobs ? { blobs: kept.blobs } : {}),
      by: CALLER.keyId,
    }
    const parsed = parseArrivals(JSON.parse(JSON.stringify(signal)), true)
    return parsed.ok ? { fate: 'carried' } : { fate: 'carried', fault: parsed.reason }
  } catch (error) {
    if (error instanceof ApiError) return { fate: 'refused on the way' }
    throw error
  }
}

describe('a request that the API takes', () => {
  test('is taken by the session’s workflow too', { timeout: 120_000 }, async () => {
    const fates: Record<Fate, number> = {
      carried: 0,
      'refused by its shape': 0,
      'refused by the session': 0,
      'refused on the way': 0,
    }
    await fc.assert(
      fc.asyncProperty(requests, async (body) => {
        const { fate, fault } = await send(body)
        fates[fate] += 1
        expect(fault).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
    console.info(`carriage: ${JSON.stringify(fates)}`)
    expect(Math.min(...Object.values(fates))).toBeGreaterThan(0)
  })
})

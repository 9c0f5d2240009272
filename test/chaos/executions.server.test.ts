import { describe, expect, onTestFinished, test } from 'vitest'
import { sandboxKinds } from '../support/docker.ts'
import { assertTried, describeExecutions, runExecutions } from './executions.ts'
import { openYard } from './yard.ts'

const LIMIT_MS = 600_000
const kinds = await sandboxKinds()
/** Of all kinds together. */
const KILLS = 26

describe.each(kinds)('a call in a %s sandbox', (kind) => {
  test(
    'runs once at most, whatever is killed on its way, and is told as what it came to',
    { timeout: LIMIT_MS },
    async () => {
      const yard = await openYard({ sandbox: kind, env: { LONGHAND_ROLES: 'brain' } })
      onTestFinished(() => yard[Symbol.asyncDispose](), LIMIT_MS)
      const executions = await runExecutions(yard, { kind, kills: KILLS / kinds.length, calls: 50, seed: 20 })
      console.info(`${kind} ${describeExecutions(executions)}`)
      expect(executions.faults).toEqual({ twice: [], unrun: [], silent: [] })
      assertTried(executions, { kind })
    },
  )
})

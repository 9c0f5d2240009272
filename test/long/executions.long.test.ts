import { describe, expect, onTestFinished, test } from 'vitest'
import { assertTried, describeExecutions, runExecutions } from '../chaos/executions.ts'
import { openYard } from '../chaos/yard.ts'
import { sandboxKinds } from '../support/docker.ts'
import { chooseSeed } from '../support/fuzz-random.ts'

const LIMIT_MS = 60 * 60_000
const KILLS = 100
const CALLS = 1_000
const kinds = await sandboxKinds()
const each = { kills: (KILLS * 2) / kinds.length, calls: (CALLS * 2) / kinds.length }

describe.each(kinds)('very many calls in %s sandboxes', (kind) => {
  test(
    'run once at most, whatever is killed on their way, and are told as what they came to',
    async () => {
      const yard = await openYard({ sandbox: kind, env: { LONGHAND_ROLES: 'brain' } })
      onTestFinished(() => yard[Symbol.asyncDispose](), LIMIT_MS)
      const seed = chooseSeed()
      const executions = await runExecutions(yard, { kind, ...each, seed, tell: (words) => console.log(words) })
      console.info(`${kind} ${describeExecutions(executions)}`)
      expect(executions.faults).toEqual({ twice: [], unrun: [], silent: [] })
      assertTried(executions, { kind })
    },
    LIMIT_MS,
  )
})

import { describe, expect, test } from 'vitest'
import type { Input } from '../../src/session/settle.ts'
import { asksForWorker } from '../../src/session/staffing.ts'
import {
  arrived,
  confirm,
  customResult,
  interrupt,
  message,
  systemMessage,
  toolResult,
} from '../support/session-builders.ts'
import { capOf } from './player.ts'

describe('what comes to a self-hosted session', () => {
  test.each<{ name: string; inputs: readonly Input[]; asks: boolean }>([
    { name: 'a message', inputs: [arrived(message('m'))], asks: true },
    { name: 'a system message', inputs: [arrived(systemMessage('s'))], asks: true },
    { name: 'an interrupt', inputs: [arrived(interrupt('i'))], asks: true },
    { name: 'a permission', inputs: [arrived(confirm('y', 'a'))], asks: true },
    { name: 'the result of a custom call', inputs: [arrived(customResult('r', 'x'))], asks: true },
    { name: 'a worker’s own result', inputs: [arrived(toolResult('r', 'c'))], asks: false },
    { name: 'a message behind it', inputs: [arrived(toolResult('r', 'c')), arrived(message('m'))], asks: true },
    { name: 'nothing', inputs: [], asks: false },
    { name: 'an archive', inputs: [{ type: 'archived' }], asks: false },
    { name: 'a budget', inputs: [{ type: 'configured', budget: capOf(5) }], asks: true },
    { name: 'a title', inputs: [{ type: 'configured', title: 'a' }], asks: false },
  ])('asks for a worker: $name: $asks', ({ inputs, asks }) => {
    expect(asksForWorker(inputs)).toBe(asks)
  })
})

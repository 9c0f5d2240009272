import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createDeliveries } from '../../src/api/delivery.ts'
import { createManualTimers } from '../support/manual-timers.ts'

interface Answered {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer that is watched and was just written whole. */
function answer({ status = 200, headers = {} }: Answered = {}) {
  const timers = createManualTimers()
  const deliveries = createDeliveries(timers.after)
  const socket = new Socket()
  const request = Object.assign(new IncomingMessage(socket), { headers })
  const response = Object.assign(new ServerResponse(request), { statusCode: status })
  let delivered = 0
  deliveries.watch(request, response, () => (delivered += 1))
  response.emit('finish')
  return { deliveries, socket, timers, count: () => delivered }
}

describe('an answer', () => {
  test('is not known as delivered when it is written', () => {
    expect(answer().count()).toBe(0)
  })

  test('is delivered when its connection stands for a second', () => {
    const { timers, count } = answer()
    timers.advance(999)
    expect(count()).toBe(0)
    timers.advance(1)
    expect([count(), timers.pending]).toEqual([1, 0])
  })

  test('is delivered, once, when the next request comes on its connection', () => {
    const { deliveries, socket, timers, count } = answer()
    deliveries.next(new Socket())
    expect(count()).toBe(0)
    deliveries.next(socket)
    deliveries.next(socket)
    expect([count(), timers.pending, socket.listenerCount('close')]).toEqual([1, 0, 0])
  })

  test('is never known as delivered when its connection ends first', () => {
    const { socket, timers, count } = answer()
    socket.emit('close')
    timers.advance(10_000)
    expect([count(), timers.pending]).toEqual([0, 0])
  })

  test.each(['forwarded', 'x-forwarded-for', 'via'])('is not known as delivered behind what says %s', (name) => {
    const { deliveries, socket, timers, count } = answer({ headers: { [name]: 'x' } })
    deliveries.next(socket)
    timers.advance(10_000)
    expect(count()).toBe(0)
  })

  test('that refuses is nothing to deliver', () => {
    const { timers, count } = answer({ status: 429 })
    timers.advance(10_000)
    expect(count()).toBe(0)
  })
})

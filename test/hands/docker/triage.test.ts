import { describe, expect, test } from 'vitest'
import { isAnswering } from '../../../src/hands/docker/triage.ts'
import { createFakeEngine } from './fake-engine.ts'

async function build(status = 'running') {
  const engine = createFakeEngine()
  const id = (await engine.create('n', {})) ?? ''
  await engine.start(id)
  Object.assign(engine.containers.get('n') ?? {}, { status })
  return { engine, id, isSame: () => true }
}

const kills = (script: string) => script.endsWith('kill -9 -1')

describe('a sandbox without an answer', () => {
  test('is there when it can start processes', async () => {
    const patient = await build()
    patient.engine.answer = () => 'able\n'
    expect(await isAnswering(patient)).toBe(true)
    expect(patient.engine.execs).toHaveLength(1)
  })

  test.each(['exited', 'dead', 'removing', 'created', 'restarting'])(
    'is gone when its container is %s',
    async (status) => {
      expect(await isAnswering(await build(status))).toBe(false)
    },
  )

  test('is gone when another life answers, or none', async () => {
    const patient = await build()
    expect(await isAnswering({ ...patient, isSame: () => false })).toBe(false)
    expect(await isAnswering({ ...patient, id: 'other' })).toBe(false)
  })

  test('asks for patience when it is paused', async () => {
    const patient = await build('paused')
    await expect(isAnswering(patient)).rejects.toThrow(`docker unpause ${patient.id}`)
  })

  test('has its processes ended when there is no room for another', async () => {
    const patient = await build()
    patient.engine.usageNow = { memory: { used: 100, limit: 100 }, pids: { used: 99, limit: 100 } }
    patient.engine.answer = (script) => (patient.engine.execs.some(kills) && !kills(script) ? 'able\n' : '')
    expect(await isAnswering(patient)).toBe(true)
    expect(patient.engine.execs.filter(kills)).toHaveLength(1)
    expect(patient.engine.removed).toEqual([])
  })

  test('is removed when they come back each time', async () => {
    const patient = await build()
    patient.engine.usageNow = { memory: { used: 1, limit: 100 }, pids: { used: 99, limit: 100 } }
    expect(await isAnswering(patient)).toBe(false)
    expect(patient.engine.execs.filter(kills).length).toBeGreaterThan(1)
    expect(patient.engine.removed).toEqual([patient.id])
  })

  test('is removed when its memory is full', async () => {
    const patient = await build()
    patient.engine.usageNow = { memory: { used: 98, limit: 100 }, pids: { used: 3, limit: 100 } }
    expect(await isAnswering(patient)).toBe(false)
    expect(patient.engine.removed).toEqual([patient.id])
  })

  test('is there when nobody knows why it says nothing', async () => {
    const patient = await build()
    expect(await isAnswering(patient)).toBe(true)
    expect(patient.engine.removed).toEqual([])
  })
})

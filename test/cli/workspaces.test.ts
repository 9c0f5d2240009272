import { describe, expect, test } from 'vitest'
import { createWorkspace, findWorkspace, listWorkspaces } from '../../src/cli/workspaces.ts'
import { fakeRegister, noon } from './key-register.ts'

describe('workspaces create', () => {
  test('prints the id', async () => {
    const { register, workspaces, out, err } = fakeRegister()
    expect(await createWorkspace(register, 'team a')).toBe(0)
    expect(workspaces[1]).toMatchObject({ id: 'wrkspc_1', name: 'team a' })
    expect([out, err]).toEqual([['wrkspc_1'], []])
  })

  test('prints one line of JSON when asked to', async () => {
    const { register, out } = fakeRegister({ json: true })
    await createWorkspace(register, 'team')
    expect(out).toEqual([JSON.stringify({ id: 'wrkspc_1', name: 'team', created_at: noon })])
  })

  test.each([
    ['a name that is taken', 'default', 1, /^there is a workspace named "default"/],
    ['a blank name', ' ', 2, /^a name is/],
    ['an id for a name', 'wrkspc_9', 2, /^a name cannot begin/],
  ])('makes none for %s', async (_, name, code, said) => {
    const { register, workspaces, out, err } = fakeRegister()
    expect(await createWorkspace(register, name)).toBe(code)
    expect([workspaces.length, out]).toEqual([1, []])
    expect(err).toEqual([expect.stringMatching(said)])
  })
})

describe('workspaces list', () => {
  test('shows every workspace', async () => {
    const { register, out } = fakeRegister()
    await createWorkspace(register, 'team')
    out.length = 0
    expect(await listWorkspaces(register)).toBe(0)
    expect(out).toEqual([
      'ID        NAME     CREATED',
      'default   Default  2026-03-01T12:00:00.000Z',
      'wrkspc_1  team     2026-03-01T12:00:00.000Z',
    ])
  })

  test('prints one JSON array when asked to', async () => {
    const { register, out } = fakeRegister({ json: true })
    await listWorkspaces(register)
    expect(out).toEqual([JSON.stringify([{ id: 'default', name: 'Default', created_at: noon }])])
  })
})

describe('findWorkspace', () => {
  test('finds by id before name, and tells when there is none', async () => {
    const { register, workspaces, err } = fakeRegister()
    workspaces.push({ id: 'other', name: 'default', createdAt: noon })
    expect(await findWorkspace(register, 'default')).toBe('default')
    expect(await findWorkspace(register, 'Default')).toBe('default')
    expect(err).toEqual([])
    expect(await findWorkspace(register, 'nowhere')).toBeUndefined()
    expect(err).toEqual([expect.stringContaining('nowhere')])
  })
})

import { describe, expect, test } from 'vitest'
import { createRecipeReader, reading } from '../../src/activities/recipe.ts'
import type { HistoryItem } from '../../src/history/item.ts'
import type { ResourceEntry } from '../../src/session/entry.ts'
import type { Configuration } from '../../src/store/sessions.ts'
import { buildConfiguration, buildSession } from '../store/builders.ts'
import { SESSION, decided, history, started } from '../support/history-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { archiveRuns, holdRuns, runsOf } from '../support/run-builders.ts'
import { fileResource, provisioned, repositoryResource } from '../support/session-builders.ts'
import { openLog } from '../support/session-log-builders.ts'

const added = (resource: ResourceEntry) => ({ type: 'log.resource', resource })
const removed = (id: string) => ({ type: 'log.resource_removed', id })
const packages = { type: 'packages' as const, apt: ['jq'], cargo: [], gem: [], go: [], npm: [], pip: [] }
const networking = { type: 'unrestricted' } as const

/** A reader of a session with this history; `asked` are the ids of configurations that were read. */
function build(items: readonly HistoryItem[], configured: Partial<Configuration> = {}) {
  const { source, log } = openLog()
  source.grow(...items)
  const asked: (string | undefined)[] = []
  const configuration = async (_: string, id?: string) => {
    asked.push(id)
    return { ...buildConfiguration(buildSession('default')), ...configured }
  }
  return { ...createRecipeReader({ log, configuration }), asked, log }
}

const use = (id: string, name: string, input: unknown) => ({ type: 'agent.tool_use', id, name, input })

describe('a recipe', () => {
  test('is what the configuration and the log say', async () => {
    const resources = [fileResource('a'), repositoryResource('r', { type: 'branch', name: 'main' })]
    const items = history(started({ resources }), decided(added(fileResource('b')), removed('a')))
    const recipe = { packages, runtime: 'runsc' }
    const { recipeOf } = build(items, { networking, recipe })
    expect(await recipeOf(SESSION, 'main')).toEqual({
      networking,
      packages,
      runtime: 'runsc',
      files: [{ resource: 'b', file: 'file_b', path: '/mnt/session/uploads/b', size: 3, sha256: 'ab'.repeat(32) }],
      repositories: [
        {
          resource: 'r',
          url: 'https://github.com/o/r',
          path: '/workspace/r',
          checkout: { type: 'branch', name: 'main' },
        },
      ],
      supplies: 4,
    })
  })

  test('has the image that the hand’s newest sandbox was made of', async () => {
    const [one, two] = [provisioned(1, { image: 'sha256:1' }), provisioned(2, { image: 'sha256:2', told: false })]
    const { recipeOf } = build(
      history(started(), decided(one, two, provisioned(7, { hand: 'web', image: 'sha256:3' }))),
    )
    expect((await recipeOf(SESSION, 'main')).image).toBe('sha256:2')
    expect((await recipeOf(SESSION, 'web')).image).toBe('sha256:3')
    expect(await recipeOf(SESSION, 'other')).not.toHaveProperty('image')
    const local = build(history(started(), decided(one, provisioned(2))))
    expect(await local.recipeOf(SESSION, 'main')).not.toHaveProperty('image')
  })

  test('is read over all runs, wherever they are kept', async () => {
    const many = Array.from({ length: 1100 }, (_, index) => fileResource(`f${index}`))
    const chapters = [
      [decided(...many.slice(0, 700).map(added))],
      [decided(...many.slice(0, 700).map(({ id }) => removed(id))), decided(...many.slice(700).map(added))],
      [decided(added(fileResource('last')))],
    ]
    const runs = runsOf(chapters, { archived: [1], input: { resources: [repositoryResource('r')] } })
    const archive = createMemoryArchive()
    await archiveRuns(archive, runs, [1])
    const { source, log } = openLog({ archive })
    holdRuns(source, runs, [1])
    const { recipeOf } = createRecipeReader({ log, configuration: async () => null })
    const { files, repositories, supplies } = await recipeOf(SESSION, 'main')
    expect(files.map(({ resource }) => resource)).toEqual([...many.slice(700).map(({ id }) => id), 'last'])
    expect(repositories).toMatchObject([{ resource: 'r' }])
    expect(supplies).toBe(1 + 700 + 700 + 400 + 1)
  })

  test('is empty for a session that asks for nothing', async () => {
    const { recipeOf, asked } = build(history(started({ configuration: { id: 'cfg_1' } })))
    expect(await recipeOf(SESSION, 'main')).toEqual({ files: [], repositories: [], supplies: 0 })
    expect(asked).toEqual(['cfg_1'])
  })

  test('is that of the configuration that the session came to have, or else of its row', async () => {
    const changed = decided({ type: 'session.updated', id: 'e', configuration: 'cfg_2' })
    const later = build(history(started({ configuration: { id: 'cfg_1' } }), changed))
    await later.recipeOf(SESSION, 'main')
    expect(later.asked).toEqual(['cfg_2'])
    const byHand = build(history(started()))
    await byHand.recipeOf(SESSION, 'main')
    expect(byHand.asked).toEqual([undefined])
  })

  test('has what was added last where an id was added again', async () => {
    const items = history(
      started({ resources: [fileResource('a')] }),
      decided(removed('a'), added(fileResource('a', { mount_path: '/mnt/session/uploads/moved' }))),
    )
    expect((await build(items).recipeOf(SESSION, 'main')).files).toMatchObject([{ path: '/mnt/session/uploads/moved' }])
  })

  test('cannot be read of a log that is gone, and says so once', async () => {
    const { recipeOf } = build([])
    await expect(recipeOf(SESSION, 'main')).rejects.toMatchObject({ type: 'history_gone', nonRetryable: true })
  })
})

describe('the names of calls', () => {
  const items = history(
    started(),
    decided(
      use('c1', 'bash', { command: 'npm test' }),
      use('c2', 'write', { file_path: '/workspace/a.ts', content: 'x' }),
      use('c3', 'grep', { pattern: 'needle' }),
      use('c4', 'bash', { command: 'make\nmake install' }),
      use('c5', 'bash', { command: 'x'.repeat(200) }),
      use('c6', 'bash', { command: '' }),
      use('c7', 'bash', null),
      { type: 'agent.message', id: 'm1', content: [] },
    ),
  )

  test('are the tool and what it was about, in one short line', async () => {
    const { nameCalls } = reading(build(items), SESSION)
    expect(await nameCalls(['c2', 'c1', 'c3', 'c4', 'c5', 'c6', 'c7'])).toEqual([
      'write `/workspace/a.ts`',
      'bash `npm test`',
      'grep `needle`',
      'bash `make…`',
      `bash \`${'x'.repeat(60)}…\``,
      'bash',
      'bash',
    ])
  })

  test('are those of calls that the log has', async () => {
    const { nameCalls } = reading(build(items), SESSION)
    expect(await nameCalls(['none', 'c1', 'm1'])).toEqual([null, 'bash `npm test`', null])
    expect(await nameCalls([])).toEqual([])
  })
})

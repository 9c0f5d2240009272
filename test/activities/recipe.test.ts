import { describe, expect, test } from 'vitest'
import { createRecipeReader, reading } from '../../src/activities/recipe.ts'
import { RecipeFailed } from '../../src/hands/recipe.ts'
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

/** A reader of a session with this history; `asked` are the ids of configurations that were read; null: none is there. */
function build(items: readonly HistoryItem[], configured: Partial<Configuration> | null = {}) {
  const { source, log } = openLog()
  source.grow(...items)
  const asked: (string | undefined)[] = []
  const configuration = async (_: string, id?: string) => {
    asked.push(id)
    return configured && { ...buildConfiguration(buildSession('default')), ...configured }
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
    const hand = { environment: 'env_2', networking }
    const { recipeOf } = build(
      history(started(), decided(one, two, provisioned(7, { hand: 'web', image: 'sha256:3' }))),
      { recipe: { hands: { web: hand, other: hand } } },
    )
    expect((await recipeOf(SESSION, 'main')).image).toBe('sha256:2')
    expect((await recipeOf(SESSION, 'web')).image).toBe('sha256:3')
    expect(await recipeOf(SESSION, 'other')).not.toHaveProperty('image')
    const local = build(history(started(), decided(one, provisioned(2))))
    expect(await local.recipeOf(SESSION, 'main')).not.toHaveProperty('image')
  })

  test('of another hand is what that has of its environment, with the files of all', async () => {
    const limited = {
      type: 'limited' as const,
      allowed_hosts: [],
      allow_mcp_servers: false,
      allow_package_managers: true,
    }
    const hands = { gpu: { environment: 'env_2', networking: limited, packages } }
    const { recipeOf, handsOf, asked } = build(history(started({ resources: [fileResource('a')] })), {
      networking,
      recipe: { runtime: 'runsc', hands },
    })
    expect(await handsOf(SESSION)).toEqual(['gpu'])
    expect(asked).toEqual([undefined])
    const recipe = await recipeOf(SESSION, 'gpu')
    expect(recipe).toMatchObject({ networking: limited, packages, files: [{ resource: 'a' }] })
    expect(recipe).not.toHaveProperty('runtime')
    expect(await recipeOf(SESSION, 'main')).toMatchObject({ networking, runtime: 'runsc' })
    await expect(recipeOf(SESSION, 'constructor')).rejects.toThrow(RecipeFailed)
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

  const surroundings = { networking, packages, runtime: 'runsc' }

  test('is read from the log alone once that has it', async () => {
    const made = [
      provisioned(1, { image: 'sha256:1', surroundings }),
      provisioned(1, { hand: 'gpu', surroundings: { networking } }),
    ]
    const items = history(started({ configuration: { id: 'cfg_1' }, resources: [fileResource('a')] }), decided(...made))
    const { recipeOf, asked } = build(items, null)
    expect(await recipeOf(SESSION, 'main')).toMatchObject({
      ...surroundings,
      image: 'sha256:1',
      files: [{ resource: 'a' }],
    })
    const { files: _, ...gpu } = await recipeOf(SESSION, 'gpu')
    expect(gpu).toEqual({ networking, repositories: [], supplies: 1 })
    expect(asked).toEqual([])
  })

  test('is that of the configuration where the newest sandbox was recorded without it', async () => {
    const made = [provisioned(1, { surroundings: { networking } }), provisioned(2)]
    const { recipeOf, asked } = build(history(started({ configuration: { id: 'cfg_1' } }), decided(...made)), {
      recipe: { packages },
    })
    expect(await recipeOf(SESSION, 'main')).toMatchObject({ packages })
    expect(asked).toEqual(['cfg_1'])
  })

  test.each(['main', 'gpu'])('cannot be had without the configuration that the log names: %s', async (hand) => {
    const items = history(started({ configuration: { id: 'cfg_1' } }), decided(provisioned(1, { image: 'sha256:1' })))
    const asking = build(items, null).recipeOf(SESSION, hand)
    await expect(asking).rejects.toThrow(RecipeFailed)
    await expect(asking).rejects.toThrow(
      /names the configuration cfg_1 .* has none of that id\. Once that row is restored/,
    )
  })

  test('needs no configuration where the log names none', async () => {
    const { recipeOf } = build(history(started({ resources: [fileResource('a')] }), decided(provisioned(1))), null)
    expect(await recipeOf(SESSION, 'main')).toMatchObject({ files: [{ resource: 'a' }] })
  })

  test('is of hands that the log names too', async () => {
    const metadata = { 'longhand.hand.gpu': 'env_2', gpu: 'x', 'longhand.hand.web': 'env_3' }
    const input = { metadata, configuration: { id: 'cfg_1' } }
    expect(await build(history(started(input)), null).handsOf(SESSION)).toEqual(['gpu', 'web'])
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

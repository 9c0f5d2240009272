import { describe, expect, test } from 'vitest'
import { createDockerProvider } from '../../src/hands/docker/docker.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { sandboxKinds } from '../support/docker.ts'
import { badHands } from './bad-hands.ts'
import { bash } from './drive.ts'
import { useHandRows } from './hand-rows.ts'
import { withoutShell } from './without-shell.ts'

const kinds = await sandboxKinds()
const LONG = { timeout: 180_000 }

describe.each(kinds)('a session whose call in a %s sandbox', (kind) => {
  const { play, texts, firstWith, installation } = useHandRows(kind)

  const rows = badHands.filter((row) => row.kinds.includes(kind))
  test.each(rows)('$name is told, and goes on', LONG, async (row) => {
    await expect(play(row)).resolves.toBeUndefined()
  })

  test('meets files of odd names is told of them, in every tool', LONG, async () => {
    const make = String.raw`cd /workspace; for name in $'a\nb.odd' -n.odd "\$HOME.odd" $'\xff.odd'; do echo needle > "./$name"; done`
    const [, found = '', grepped = '', read, written, edited, last] = await texts(
      bash(make),
      'TOOL glob {"pattern": "*.odd"}',
      'TOOL grep {"pattern": "needle"}',
      'TOOL read {"file_path": "/workspace/-n.odd"}',
      'TOOL write {"file_path": "/workspace/$HOME.odd", "content": "other"}',
      'TOOL edit {"file_path": "/workspace/-n.odd", "old_string": "needle", "new_string": "thread"}',
      bash('cat -- -n.odd "\\$HOME.odd"'),
    )
    for (const name of ['-n.odd', '$HOME.odd', '\uFFFD.odd']) expect(found).toContain(name)
    expect(grepped.match(/needle/g)?.length).toBeGreaterThanOrEqual(3)
    expect(read).toContain('needle')
    expect(written).toMatch(/HOME\.odd/)
    expect(edited).toMatch(/-n\.odd/)
    expect(last).toBe('thread\nother')
  })

  describe.runIf(kind === 'docker')('has', () => {
    test('no image is told, and goes on once there is one', LONG, async () => {
      const broken = createDockerProvider({ engine: createEngine(), image: 'longhand-none:1', installation })
      const [told, next] = await firstWith(broken)
      expect(told).toMatch(/^hands: Docker refused container create: No such image/)
      expect(next).toMatch(/alive$/)
    })

    test('an image without a shell is told, and goes on once it has one', LONG, async () => {
      await using image = await withoutShell()
      const broken = createDockerProvider({ engine: createEngine(), image: image.id, installation })
      const [told, next] = await firstWith(broken)
      // Its program, or what looks inside: which of the two the daemon misses first is a race.
      expect(told).toMatch(
        /^hands: the (container ended at once, .*: its image has no sh|sandbox .*"sh": .* not found)/,
      )
      expect(next).toMatch(/alive$/)
    })
  })
})

import { describe, expect, test } from 'vitest'
import { toolDefinitions } from '../../../src/hands/tools/definitions.ts'
import { remoteToolDefinitions } from '../../../src/hands/tools/remote-definitions.ts'

/** What a model may write into the tools, without what is said of it. */
function shapes(tools: typeof toolDefinitions): unknown {
  return JSON.parse(JSON.stringify(tools, (key, value: unknown) => (key === 'description' ? undefined : value)))
}

describe('tools on a machine of the user’s', () => {
  test('have the names and inputs that they have in a sandbox', () => {
    expect(shapes(remoteToolDefinitions)).toEqual(shapes(toolDefinitions))
    expect(JSON.parse(JSON.stringify(remoteToolDefinitions))).toEqual(remoteToolDefinitions)
  })

  test('say nothing of a sandbox of ours, its folders or its limits', () => {
    const said = JSON.stringify(remoteToolDefinitions)
    for (const ours of ['/workspace', '/tmp', 'sandbox', '.outputs', 'KiB', '100,000', 'U+FFFD']) {
      expect(said).not.toContain(ours)
    }
  })

  test('are described each in words of their own', () => {
    for (const [index, { description }] of remoteToolDefinitions.entries()) {
      expect(description).not.toBe(toolDefinitions[index]?.description)
    }
  })
})

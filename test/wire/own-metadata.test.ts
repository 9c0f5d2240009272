import { describe, expect, test } from 'vitest'
import { provisioningOf, refuseOwnMetadata, runtimeOf } from '../../src/wire/own-metadata.ts'
import { failure } from './failure.ts'

describe('our keys in the metadata of an environment', () => {
  test.each([
    { metadata: {} },
    { metadata: { 'longhand.provisioning': 'first' } },
    { metadata: { 'longhand.provisioning': 'parallel' } },
    { metadata: { 'longhand.provisioning': 'lazy', team: 'a' } },
    { metadata: { 'longhand.runtime': 'io.containerd.kata.v2' } },
    { metadata: { 'longhand.provisioning': null, 'longhand.anything': null } },
    { metadata: { longhand: 'x', 'not.longhand.x': 'y' } },
  ])('may be $metadata', ({ metadata }) => {
    expect(() => refuseOwnMetadata(metadata, 'cloud')).not.toThrow()
  })

  test.each([
    ['longhand.provisioning', 'now', /^metadata: longhand.provisioning: expected first, parallel or lazy$/],
    ['longhand.provisioning', '', /expected first/],
    ['longhand.provisionig', 'first', /^metadata: longhand.provisionig: .*this one has none; known: longhand.provis/],
    ['longhand.toString', 'x', /this one has none/],
    ['longhand.runtime', '../runc', /expected the name of a container runtime$/],
  ])('are refused by name: %s=%s', (key, value, message) => {
    expect(failure(() => refuseOwnMetadata({ [key]: value }, 'cloud'))).toMatchObject({
      kind: 'invalid_request',
      options: { code: 'invalid_metadata' },
      message: expect.stringMatching(message),
    })
  })

  test('have no meaning where the sandboxes are the user’s', () => {
    const metadata = { 'longhand.provisioning': 'first' }
    expect(() => refuseOwnMetadata(metadata, 'self_hosted')).toThrow(
      'a self-hosted environment has no sandboxes of ours',
    )
  })

  test('name a runtime, or none', () => {
    expect(runtimeOf({ metadata: { 'longhand.runtime': 'runsc' } })).toBe('runsc')
    expect(runtimeOf({ metadata: { 'longhand.runtime': 'a b' } })).toBeUndefined()
    expect(runtimeOf({ metadata: {} })).toBeUndefined()
  })

  test('say when sandboxes are made, or nothing', () => {
    expect(provisioningOf({ metadata: { 'longhand.provisioning': 'first' } })).toBe('first')
    expect(provisioningOf({ metadata: { 'longhand.provisioning': 'soon' } })).toBeUndefined()
    expect(provisioningOf({ metadata: {} })).toBeUndefined()
  })
})

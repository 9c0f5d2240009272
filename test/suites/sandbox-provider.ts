import { describe } from 'vitest'
import { exporting, mounting } from '../hands/provider/cargo.ts'
import { collecting } from '../hands/provider/collecting.ts'
import { dying, ending } from '../hands/provider/ending.ts'
import { isolation } from '../hands/provider/isolation.ts'
import { keeping } from '../hands/provider/keeping.ts'
import { limiting } from '../hands/provider/limits.ts'
import { meddling } from '../hands/provider/meddling.ts'
import { provisioning } from '../hands/provider/provisioning.ts'
import { residing } from '../hands/provider/residents.ts'
import { output, running } from '../hands/provider/running.ts'
import type { SandboxProviderSetup } from '../hands/provider/support.ts'

/** What every sandbox provider does. */
export function sandboxProviderSuite(setup: SandboxProviderSetup): void {
  describe('provisioning', () => {
    provisioning(setup)
  })
  describe('a run', () => {
    running(setup)
  })
  describe('output', () => {
    output(setup)
  })
  describe('an output that is kept', () => {
    keeping(setup)
  })
  describe('an ending', () => {
    ending(setup)
  })
  describe('an agent that meddles', () => {
    meddling(setup)
  })
  describe('a run whose client dies', () => {
    dying(setup)
  })
  describe('a resident', () => {
    residing(setup)
  })
  describe('an upload', () => {
    mounting(setup)
  })
  describe('outputs', () => {
    collecting(setup)
  })
  describe('an export', () => {
    exporting(setup)
  })
  describe('isolation', () => {
    isolation(setup)
  })
  describe('a limit', () => {
    limiting(setup)
  })
}

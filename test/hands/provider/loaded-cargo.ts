import type { Cargo } from '../../../src/hands/cargo.ts'
import type { Sandbox } from '../../../src/hands/sandbox.ts'
import type { SandboxProviderSetup } from './support.ts'

interface Loaded {
  readonly cargo: Cargo
  readonly sandbox: Sandbox
}

let opened: Promise<Loaded> | undefined

/** One sandbox for tests that do not meet in it. */
export function sharedCargo(setup: SandboxProviderSetup): Promise<Loaded> {
  opened ??= openCargo(setup)
  return opened
}

export async function openCargo(setup: SandboxProviderSetup) {
  const { row, sandbox } = await setup.open()
  const cargo = await setup.provider.cargo(row)
  if (cargo === null) throw new Error('expected a new sandbox to take cargo')
  return { row, sandbox, cargo }
}

export const text = (bytes: string) => Buffer.from(bytes)

import type { Control } from '../../src/egress/control.ts'
import { startControl } from '../../src/egress/control.ts'
import { createDial } from '../../src/egress/dial.ts'
import type { Gate, GateOptions } from '../../src/egress/gate.ts'
import { openGate } from '../../src/egress/gate.ts'
import { silentLog } from '../support/silent-log.ts'

export interface EgressProcess extends AsyncDisposable {
  readonly gate: Gate
  readonly control: Control
}

/** What an egress process is made of, in this one. Its names come to nothing unless it is told otherwise. */
export async function startProcess(
  folder: string,
  graceMs = 60_000,
  options: Partial<Pick<GateOptions, 'dial' | 'trusted' | 'log'>> = {},
): Promise<EgressProcess> {
  const dial = createDial({ resolve: async () => [] })
  const gate = await openGate({ folder, dial, log: silentLog, ...options })
  const control = await startControl({ folder, gate, graceMs })
  return {
    gate,
    control,
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]()
      await gate[Symbol.asyncDispose]()
    },
  }
}

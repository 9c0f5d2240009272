import type { Stage } from './stage.ts'

/** What the demo's command has left in its sandbox so far. */
export interface Shipment {
  /** Lines of ledger.txt: one for each time that the command was run. */
  readonly ledger: number
  /** Numbers of the uploads that began, in their order. */
  readonly uploads: readonly number[]
  /** Uploads that there are to be; 0 before the first. */
  readonly total: number
}

/** The command that {@link toShipment} reads, for the folder of ./ship.sh. */
export const LOOK = 'cat ledger.txt 2>/dev/null | wc -l; cat upload.log 2>/dev/null'

/** Looks at ledger and uploads from outside, past any worker. */
export async function lookAtShipment(stage: Stage, session: string): Promise<Shipment> {
  return toShipment((await stage.look(session, LOOK)) ?? '')
}

export function toShipment(looked: string): Shipment {
  const [ledger = '', ...log] = looked.split('\n')
  const steps = log.flatMap((line) => {
    const [, upload, total] = /^uploading (\d+)\/(\d+)$/.exec(line) ?? []
    return upload === undefined ? [] : [{ upload: Number(upload), total: Number(total) }]
  })
  return {
    ledger: Number(ledger),
    uploads: steps.map(({ upload }) => upload),
    total: steps[0]?.total ?? 0,
  }
}

/** The uploads after the first `from`, as `3/8 … 4/8 …`; empty when there are none. */
export function describeUploads({ uploads, total }: Shipment, from: number): string {
  const steps = uploads.slice(from).map((upload) => `${upload}/${total} …`)
  // A long run is told by its ends.
  return steps.length > 2 ? `${steps[0]} ${steps.at(-1)}` : steps.join(' ')
}

/** That many uploads, or as many as there are to be. */
export function hasUploads({ total }: Shipment, wanted: number): (shipment: Shipment) => boolean {
  return ({ uploads, total: known }) => uploads.length >= Math.min(wanted, total || known || wanted)
}

export function describeLedger({ ledger }: Shipment): string {
  return `ledger.txt: ${ledger} line${ledger === 1 ? '' : 's'}`
}
